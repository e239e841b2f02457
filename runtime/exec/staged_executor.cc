#include "runtime/exec/staged_executor.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/status.h"

namespace etd::exec {

using graph::RowPort;

namespace {

// How often the rows of a value are interrupted by rows of other segments: the dimensions before the rows'.
size_t PiecesOf(const RowPort& port) {
  size_t pieces = 1;
  for (size_t dim = 0; dim < static_cast<size_t>(port.dim); ++dim) pieces *= static_cast<size_t>(port.sizes[dim]);
  return pieces;
}

// Bytes of one row in one piece.
size_t RowBytes(const RowPort& port, const tensor::Tensor& tensor) {
  size_t elements = 1;
  for (size_t dim = static_cast<size_t>(port.dim) + 1; dim < port.sizes.size(); ++dim) {
    elements *= static_cast<size_t>(port.sizes[dim]);
  }
  return elements * tensor.element_size();
}

}  // namespace

absl::StatusOr<std::unique_ptr<StagedExecutor>> StagedExecutor::Create(std::shared_ptr<LoadedProgram> program,
                                                                       graph::StagedGraph graph) {
  std::unique_ptr<StagedExecutor> executor(new StagedExecutor(std::move(program), std::move(graph)));
  ETD_ASSIGN_OR_RETURN(executor->wide_, GraphExecutor::Create(executor->program_, executor->graph_.wide, executor.get()));
  ETD_RETURN_IF_ERROR(executor->AddFrame());
  size_t ports = 0;
  for (const graph::Stage& stage : executor->graph_.stages) {
    ports = std::max(ports, stage.reads.size() + stage.writes.size());
  }
  executor->gathered_.resize(ports);
  return executor;
}

absl::Status StagedExecutor::AddFrame() {
  Frame frame;
  ETD_ASSIGN_OR_RETURN(frame.executor, GraphExecutor::Create(program_, graph_.segment));
  frames_.push_back(std::move(frame));
  return absl::OkStatus();
}

absl::Status StagedExecutor::ShapeFrame(GraphExecutor& frame, int32_t rows) {
  const std::vector<graph::ValueId>& inputs = frame.graph().inputs;
  const size_t own = inputs.size() - graph_.segment_rows.size();
  for (size_t i = 0; i < own; ++i) {
    ETD_RETURN_IF_ERROR(frame.ResizeInput(i, frame.value(inputs[i]).tensor().sizes()));
  }
  for (size_t i = own; i < inputs.size(); ++i) {
    ETD_RETURN_IF_ERROR(frame.ShapeInput(i, graph::SizesOf(graph_.segment_rows[i - own], rows)));
  }
  return frame.PlanNow();
}

absl::Status StagedExecutor::TakeFrame(size_t segment, bool planned) {
  const int32_t rows = segments_[segment].rows;
  const auto frame =
      std::ranges::find_if(frames_, [&](const Frame& f) { return !f.taken && (!planned || f.rows == rows); });
  if (frame == frames_.end()) return absl::OkStatus();
  if (frame->rows != rows) {
    frame->rows = 0;
    ETD_RETURN_IF_ERROR(ShapeFrame(*frame->executor, rows));
    frame->rows = rows;
  }
  frame->taken = true;
  active_[segment] = frame->executor.get();
  return absl::OkStatus();
}

// Frames that are planned for as many rows first: a plan costs more than a step of one row.
absl::Status StagedExecutor::ChooseFrames() {
  while (frames_.size() < segments_.size()) ETD_RETURN_IF_ERROR(AddFrame());
  for (Frame& frame : frames_) frame.taken = false;
  active_.assign(segments_.size(), nullptr);
  for (const bool planned : {true, false}) {
    for (size_t s = 0; s < segments_.size(); ++s) {
      if (active_[s] == nullptr) ETD_RETURN_IF_ERROR(TakeFrame(s, planned));
    }
  }
  return absl::OkStatus();
}

absl::Status StagedExecutor::Begin(std::span<SegmentRun> segments) {
  segments_ = segments;
  first_row_.clear();
  rows_ = 0;
  for (const SegmentRun& segment : segments) {
    first_row_.push_back(rows_);
    rows_ += segment.rows;
  }
  if (rows_ > graph::kMaxStepRows) return InvalidArgument("a step of {} rows; at most {} are possible", rows_, graph::kMaxStepRows);
  for (size_t i = 0; i < wide_->graph().inputs.size(); ++i) {
    ETD_RETURN_IF_ERROR(wide_->ResizeInput(i, graph::SizesOf(graph_.wide_inputs[i], rows_)));
  }
  ETD_RETURN_IF_ERROR(ChooseFrames());
  ETD_RETURN_IF_ERROR(wide_->PlanNow());
  for (size_t s = 0; s < segments.size(); ++s) active_[s]->BindState(*segments[s].state);
  return absl::OkStatus();
}

absl::Status StagedExecutor::Run() { return wide_->RunNodes(0, wide_->graph().nodes.size()); }

std::byte* StagedExecutor::RowsOf(const RowPort& port, size_t segment) {
  const tensor::Tensor& tensor = wide_->value(port.value).tensor();
  auto* data = static_cast<std::byte*>(const_cast<void*>(tensor.raw()));
  if (segments_.size() == 1) return data;
  if (PiecesOf(port) != 1) return nullptr;
  return data + static_cast<size_t>(first_row_[segment]) * RowBytes(port, tensor);
}

void StagedExecutor::CopyRows(const RowPort& port, size_t segment, std::byte* rows, bool to_wide) {
  const tensor::Tensor& tensor = wide_->value(port.value).tensor();
  auto* data = static_cast<std::byte*>(const_cast<void*>(tensor.raw()));
  const size_t row_bytes = RowBytes(port, tensor);
  const size_t bytes = static_cast<size_t>(segments_[segment].rows) * row_bytes;
  for (size_t piece = 0; piece < PiecesOf(port); ++piece) {
    const size_t row = piece * static_cast<size_t>(rows_) + static_cast<size_t>(first_row_[segment]);
    std::byte* wide = data + row * row_bytes;
    std::byte* own = rows + piece * bytes;
    if (wide == own) continue;
    std::memcpy(to_wide ? wide : own, to_wide ? own : wide, bytes);
  }
}

absl::Status StagedExecutor::RunStageFor(const graph::Stage& stage, size_t segment) {
  GraphExecutor& frame = *active_[segment];
  size_t buffer = 0;
  const auto bind = [&](const RowPort& port, bool read) -> absl::Status {
    tensor::Tensor& own = frame.value(port.value).tensor();
    std::byte* rows = RowsOf(port, segment);
    memory::ScratchBuffer& gathered = gathered_[buffer++];
    if (rows == nullptr) {
      ETD_ASSIGN_OR_RETURN(rows, gathered.Get(own.nbytes() + kBufferPadding));
      if (read) CopyRows(port, segment, rows, false);
    }
    own.set_raw(rows);
    return absl::OkStatus();
  };
  for (const RowPort& port : stage.reads) ETD_RETURN_IF_ERROR(bind(port, true));
  for (const RowPort& port : stage.writes) ETD_RETURN_IF_ERROR(bind(port, false));
  ETD_RETURN_IF_ERROR(frame.RunNodes(stage.begin, stage.end));
  // A view shows other memory than it was given; what was written in another order goes to its place.
  for (const RowPort& port : stage.writes) {
    const tensor::Tensor& own = frame.value(port.value).tensor();
    CopyRows(port, segment, static_cast<std::byte*>(const_cast<void*>(own.raw())), true);
  }
  return absl::OkStatus();
}

absl::Status StagedExecutor::RunStage(size_t index) {
  const graph::Stage& stage = graph_.stages[index];
  for (size_t s = 0; s < segments_.size(); ++s) {
    if (segments_[s].status.ok()) segments_[s].status = RunStageFor(stage, s);
  }
  return absl::OkStatus();
}

size_t StagedExecutor::ResidentBytes() const {
  size_t bytes = wide_->ResidentBytes();
  for (const Frame& frame : frames_) bytes += frame.executor->ResidentBytes();
  return bytes;
}

}  // namespace etd::exec
