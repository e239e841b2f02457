// Messages of the wire as JSON for programs (--json).
//
// Fields have the names of etd.proto, in its order. Numbers are numbers, 64-bit ones too; a Duration is its seconds, a
// Timestamp "2026-01-31T12:00:00Z", an enum value its name in small letters without the enum's ("ready"), bytes are
// base64. Messages, `optional` fields and oneof members that are not set are left out, all other fields are there.
#ifndef ETD_CLIENTS_ETCTL_JSON_H_
#define ETD_CLIENTS_ETCTL_JSON_H_

#include <google/protobuf/message.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace etd::etctl {

nlohmann::ordered_json ToJson(const google::protobuf::Message& message);

// `pretty`: over several lines; otherwise one. Bytes that are no UTF-8 become U+FFFD. No newline at the end.
std::string JsonText(const nlohmann::ordered_json& json, bool pretty);
std::string JsonText(const google::protobuf::Message& message, bool pretty);

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_JSON_H_
