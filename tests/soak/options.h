// The command line of the soak.
#ifndef ETD_TESTS_SOAK_OPTIONS_H_
#define ETD_TESTS_SOAK_OPTIONS_H_

#include <cstdint>
#include <string>

#include "tests/soak/plan.h"

namespace etd::soak {

struct Options {
  uint64_t seed = 0;
  int clients = 8;
  double minutes = 10;
  uint64_t actions = 0;  // of each client; 0: as many as fit into the time
  std::string model;
  std::string daemon;
  uint64_t least_cancels = 50;
  Lengths lengths;
};

// What a client's process is told besides.
struct ClientOptions {
  std::string socket;
  std::string framed_socket;
  uint64_t number = 0;
  uint64_t first_action = 0;
  int64_t until_ns = 0;  // of the steady clock; 0: actions decide
};

}  // namespace etd::soak

#endif  // ETD_TESTS_SOAK_OPTIONS_H_
