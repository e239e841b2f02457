// The soak itself: a daemon, clients that come and go, and what must hold while and after.
#ifndef ETD_TESTS_SOAK_STORM_H_
#define ETD_TESTS_SOAK_STORM_H_

#include <string>

#include "tests/soak/options.h"

namespace etd::soak {

// `self` is this program, started again for each client. Prints a summary; returns the exit status.
int RunStorm(const Options& options, const std::string& self);

}  // namespace etd::soak

#endif  // ETD_TESTS_SOAK_STORM_H_
