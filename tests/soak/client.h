// One client's life, in a process of its own: connects, does what the plan draws, reports each thing on standard output.
#ifndef ETD_TESTS_SOAK_CLIENT_H_
#define ETD_TESTS_SOAK_CLIENT_H_

#include "tests/soak/options.h"

namespace etd::soak {

// Returns the exit status, unless the plan has the process kill itself.
int RunClient(const Options& options, const ClientOptions& client);

// Of the model that `transport`'s daemon serves under this name.
inline constexpr char kModelName[] = "soak";

}  // namespace etd::soak

#endif  // ETD_TESTS_SOAK_CLIENT_H_
