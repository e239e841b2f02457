// From a request's wishes and a model's defaults to the choice of tokens.
#ifndef ETD_DAEMON_SERVICE_SAMPLING_H_
#define ETD_DAEMON_SERVICE_SAMPLING_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "daemon/models/model_text.h"
#include "etd/v1/etd.pb.h"
#include "runtime/text/sampling/sampler.h"
#include "scheduler/request.h"

namespace etd::service {

// What the request does not set comes from `defaults`; `seed` is used where it sets none. Errors: INVALID_ARGUMENT
// naming the field.
absl::StatusOr<text::SamplingParams> SamplingOf(const v1::GenerateRequest& request,
                                                const models::GenerationDefaults& defaults, uint64_t seed,
                                                int32_t vocab_size);

std::unique_ptr<scheduler::Chooser> NewChooser(const text::SamplingParams& params, int32_t vocab_size);

// A seed that nobody can guess.
uint64_t RandomSeed();

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_SAMPLING_H_
