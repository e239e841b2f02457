// A connection to etd.
//
//   auto client = client::Client::Connect(client::DefaultSocket(client::ReadSocketEnvironment()));
//   if (!client.ok()) return client.status();
//   v1::GenerateRequest request;
//   request.set_model("tales");
//   request.set_prompt("Once upon a time");
//   auto stream = (*client)->Generate(request);
//   for (v1::GenerateResponse message; stream->Next(&message);) std::cout << message.text() << std::flush;
//   return stream->Finish();
//
// proto/etd/v1/etd.proto says what the calls do, what their errors mean, and which defaults hold.
#ifndef ETD_CLIENTS_CPP_CLIENT_H_
#define ETD_CLIENTS_CPP_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etd/v1/etd.pb.h"

namespace etd::client {

// The messages of one call, in their order. One thread reads; Cancel may come from any thread.
template <typename Message>
class Stream {
 public:
  // Cancels what still runs.
  virtual ~Stream() = default;
  // Waits for the next message. False after the last one, and when the call has failed.
  virtual bool Next(Message* message) = 0;
  // How the call has ended; to be called once, when Next has returned false.
  virtual absl::Status Finish() = 0;
  // The daemon stops the work within one step; Next returns false soon, and Finish says CANCELLED, unless the call has
  // ended before. Not for signal handlers: it takes locks.
  virtual void Cancel() = 0;
};

// One connection; calls may be made at the same time from any threads. A connection that has been lost stays so: calls
// return a connection error (IsConnectionError in error.h), and the caller connects again.
class Client {
 public:
  // Connects to the socket at `path`. Errors: those of ConnectSocket.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const std::string& path);
  // Streams may outlive it.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Never null; errors come out of Finish.
  std::unique_ptr<Stream<v1::LoadModelResponse>> LoadModel(const v1::LoadModelRequest& request);
  std::unique_ptr<Stream<v1::GenerateResponse>> Generate(const v1::GenerateRequest& request);

  // These wait for the answer.
  absl::StatusOr<v1::UnloadModelResponse> UnloadModel(const v1::UnloadModelRequest& request);
  absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request = {});
  absl::StatusOr<v1::Model> GetModel(const v1::GetModelRequest& request);
  absl::StatusOr<v1::InferResponse> Infer(const v1::InferRequest& request);
  absl::StatusOr<v1::TokenizeResponse> Tokenize(const v1::TokenizeRequest& request);
  absl::StatusOr<v1::CountTokensResponse> CountTokens(const v1::CountTokensRequest& request);
  absl::StatusOr<v1::ListSessionsResponse> ListSessions(const v1::ListSessionsRequest& request = {});
  absl::StatusOr<v1::DeleteSessionResponse> DeleteSession(const v1::DeleteSessionRequest& request);
  absl::StatusOr<v1::ListRequestsResponse> ListRequests(const v1::ListRequestsRequest& request = {});
  absl::StatusOr<v1::CancelRequestResponse> CancelRequest(const v1::CancelRequestRequest& request);
  absl::StatusOr<v1::GetStatusResponse> GetStatus(const v1::GetStatusRequest& request = {});

 private:
  class Connection;
  template <typename Message>
  class CallStream;
  template <typename Response, typename Request, typename Method>
  absl::StatusOr<Response> Call(const Request& request, Method method);

  explicit Client(std::shared_ptr<Connection> connection);

  const std::shared_ptr<Connection> connection_;
};

}  // namespace etd::client

#endif  // ETD_CLIENTS_CPP_CLIENT_H_
