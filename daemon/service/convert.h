// Between the wire's messages and the daemon's own types.
#ifndef ETD_DAEMON_SERVICE_CONVERT_H_
#define ETD_DAEMON_SERVICE_CONVERT_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/status/statusor.h"
#include "daemon/models/model_store.h"
#include "etd/v1/etd.pb.h"
#include "runtime/base/clock.h"
#include "runtime/engine/engine.h"

namespace etd::service {

void ToProto(Duration from, google::protobuf::Duration* to);
void ToProto(WallTime from, google::protobuf::Timestamp* to);
// Clamped to what Duration can hold; negative ones are zero.
Duration FromProto(const google::protobuf::Duration& from);

void ToProto(const models::ModelView& from, v1::Model* to);
void ToProto(engine::OutputValue from, v1::Value* to);
// Borrows the bytes of `from`. Errors: INVALID_ARGUMENT where bytes, shape and type do not agree; `index` names the
// input in the message.
absl::StatusOr<engine::InputValue> FromProto(const v1::Value& from, int index);

// The binary details of an error: a serialised ErrorStatus, or nothing where the text says it all.
std::string ErrorDetails(const absl::Status& status);

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_CONVERT_H_
