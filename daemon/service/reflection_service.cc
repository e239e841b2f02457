#include "daemon/service/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <string>

namespace etd::service {
namespace {

namespace wire = grpc::reflection::v1alpha;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

constexpr const char* kServices[] = {"etd.v1.Etd", "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"};

void SetError(const std::string& text, wire::ServerReflectionResponse* response) {
  response->mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
  response->mutable_error_response()->set_error_message(text);
}

void AddFile(const FileDescriptor& file, std::set<const FileDescriptor*>* seen,
             wire::FileDescriptorResponse* response) {
  if (!seen->insert(&file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  proto.SerializeToString(response->add_file_descriptor_proto());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), seen, response);
}

void SetFile(const FileDescriptor* file, const std::string& name, wire::ServerReflectionResponse* response) {
  if (file == nullptr) return SetError("there is no '" + name + "'", response);
  std::set<const FileDescriptor*> seen;
  AddFile(*file, &seen, response->mutable_file_descriptor_response());
}

void Answer(const wire::ServerReflectionRequest& request, wire::ServerReflectionResponse* response) {
  response->Clear();
  response->set_valid_host(request.host());
  *response->mutable_original_request() = request;
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  switch (request.message_request_case()) {
    case wire::ServerReflectionRequest::kListServices:
      for (const char* name : kServices) response->mutable_list_services_response()->add_service()->set_name(name);
      return;
    case wire::ServerReflectionRequest::kFileByFilename:
      return SetFile(pool.FindFileByName(request.file_by_filename()), request.file_by_filename(), response);
    case wire::ServerReflectionRequest::kFileContainingSymbol:
      return SetFile(pool.FindFileContainingSymbol(request.file_containing_symbol()), request.file_containing_symbol(),
                     response);
    case wire::ServerReflectionRequest::kFileContainingExtension:
    case wire::ServerReflectionRequest::kAllExtensionNumbersOfType:
      return SetError("the messages of etd have no extensions", response);
    case wire::ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      break;
  }
  SetError("the request asks for nothing that is known here", response);
}

// Answers one request after the other; deletes itself when gRPC is done with it.
class Reactor final : public grpc::ServerBidiReactor<wire::ServerReflectionRequest, wire::ServerReflectionResponse> {
 public:
  Reactor() { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    Answer(request_, &response_);
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }
  void OnDone() override { delete this; }

 private:
  wire::ServerReflectionRequest request_;
  wire::ServerReflectionResponse response_;
};

}  // namespace

grpc::ServerBidiReactor<wire::ServerReflectionRequest, wire::ServerReflectionResponse>*
ReflectionService::ServerReflectionInfo(grpc::CallbackServerContext*) {
  return new Reactor();
}

}  // namespace etd::service
