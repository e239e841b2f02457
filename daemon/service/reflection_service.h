// Tells gRPC tools which services there are and what their messages look like.
#ifndef ETD_DAEMON_SERVICE_REFLECTION_SERVICE_H_
#define ETD_DAEMON_SERVICE_REFLECTION_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"

namespace etd::service {

// Thread-safe; needs no thread of its own.
class ReflectionService final : public grpc::reflection::v1alpha::ServerReflection::CallbackService {
 public:
  grpc::ServerBidiReactor<grpc::reflection::v1alpha::ServerReflectionRequest,
                          grpc::reflection::v1alpha::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* context) override;
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_REFLECTION_SERVICE_H_
