// aten::any and aten::all.
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/dim_reduction.h"
#include "runtime/kernels/portable/util/row_rules.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::ScalarType;
using tensor::Tensor;

// The three forms of a call: any(self, out), any.dim(self, dim, keepdim, out), any.dims(self, dims?, keepdim, out).
struct Call {
  DimMask reduced{};
  bool keep = false;
};

struct Whole {
  static constexpr size_t kOut = 1;
  static absl::StatusOr<Call> Of(std::span<tensor::Value* const> arguments) {
    ETD_ASSIGN_OR_RETURN(const DimMask mask, ReducedDims(arguments[0]->tensor(), {}));
    return Call{mask, false};
  }
};
struct OneDim {
  static constexpr size_t kOut = 3;
  static absl::StatusOr<Call> Of(std::span<tensor::Value* const> arguments) {
    const int64_t dim = arguments[1]->integer();
    ETD_ASSIGN_OR_RETURN(const DimMask mask, ReducedDims(arguments[0]->tensor(), {&dim, 1}));
    return Call{mask, arguments[2]->boolean()};
  }
};
struct ManyDims {
  static constexpr size_t kOut = 3;
  static absl::StatusOr<Call> Of(std::span<tensor::Value* const> arguments) {
    Call call{{}, arguments[2]->boolean()};
    if (arguments[1]->is_none()) {
      call.reduced.fill(true);
      return call;
    }
    // An empty list, unlike a missing one, reduces nothing.
    const kernel::IntVector dims = IntegersOf(*arguments[1]);
    if (dims.empty()) return call;
    ETD_ASSIGN_OR_RETURN(call.reduced, ReducedDims(arguments[0]->tensor(), dims));
    return call;
  }
};

template <typename Form>
absl::Status Prepare(KernelContext& context) {
  Tensor& out = context.tensor(Form::kOut);
  if (out.type() != ScalarType::kBool && out.type() != ScalarType::kUInt8) {
    return InvalidArgument("the output is bool or uint8, not {}", tensor::ScalarTypeName(out.type()));
  }
  ETD_ASSIGN_OR_RETURN(const Call call, Form::Of(context.arguments()));
  return ResizeOut(out, ReducedShape(context.tensor(0), call.reduced, call.keep));
}

// `decisive` is the element that decides: true for any, false for all.
void Decide(const KernelContext& context, const Call& call, bool decisive, Tensor& out) {
  const Tensor& in = context.tensor(0);
  const DimReduction reduction(in, call.reduced, call.keep, out);
  tensor::VisitScalarType(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    reduction.ForEachResult(context.threads(), [&](int64_t out_offset, int64_t in_offset) {
      bool result = !decisive;
      reduction.ForEachElement(in_offset, [&](int64_t offset) {
        if ((in.data<T>()[offset] != T{}) == decisive) result = decisive;
        return result != decisive;
      });
      out.data<uint8_t>()[out_offset] = result ? 1 : 0;
    });
  });
}

template <typename Form, bool kDecisive>
absl::Status Run(KernelContext& context) {
  ETD_ASSIGN_OR_RETURN(const Call call, Form::Of(context.arguments()));
  Decide(context, call, kDecisive, context.tensor(Form::kOut));
  return absl::OkStatus();
}

template <typename Form>
std::optional<RowClass> Rows(const RowQuery& query) {
  const absl::StatusOr<Call> call = Form::Of(query.arguments);
  return call.ok() ? ReducedRows(query, call->reduced, call->keep) : std::nullopt;
}

template <typename Form, bool kDecisive>
kernel::Kernel Make(std::string_view name, std::vector<Parameter> parameters) {
  return {.name = name,
          .parameters = std::move(parameters),
          .prepare = Prepare<Form>,
          .run = Run<Form, kDecisive>,
          .row_rule = Rows<Form>};
}

}  // namespace

std::span<const kernel::Kernel> AnyAllKernels() {
  const std::vector<Parameter> whole = {Parameter::kTensor, Parameter::kOut};
  const std::vector<Parameter> dim = {Parameter::kTensor, Parameter::kInt, Parameter::kBool, Parameter::kOut};
  const std::vector<Parameter> dims = {Parameter::kTensor, Parameter::kOptionalIntList, Parameter::kBool,
                                       Parameter::kOut};
  static const kernel::Kernel kKernels[] = {
      Make<Whole, true>("aten::any.all_out", whole),      Make<OneDim, true>("aten::any.out", dim),
      Make<ManyDims, true>("aten::any.dims_out", dims),   Make<Whole, false>("aten::all.all_out", whole),
      Make<OneDim, false>("aten::all.out", dim),          Make<ManyDims, false>("aten::all.dims_out", dims),
  };
  return kKernels;
}

}  // namespace etd::kernels
