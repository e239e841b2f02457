#include "backends/xnnpack/packing_identity.h"

#include <span>
#include <type_traits>

namespace etd::xnnpack {
namespace {

class Text {
 public:
  template <typename T>
  void Add(const T& number) {
    static_assert(std::is_arithmetic_v<T> || std::is_pointer_v<T> || std::is_enum_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void AddFloats(std::span<const float> floats) {
    Add(floats.size());
    bytes_.append(reinterpret_cast<const char*>(floats.data()), floats.size_bytes());
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

void AddValue(const Lowered& lowered, uint32_t index, bool weights, Text& text) {
  const graph::FragmentValue& value = lowered.fragment.values[index];
  const graph::Quantization& q = value.quantization;
  text.Add(value.type);
  text.Add(q.scale);
  text.Add(q.zero_point);
  text.Add(q.channel_dim);
  text.Add(q.block_size);
  text.AddFloats(q.channel_scales);
  text.Add(q.block_scales.data());
  if (!weights) return;
  text.Add(value.data.data());
  text.Add(lowered.forms[index]);
  text.Add(lowered.shapes[index].rank);
  for (const size_t dim : lowered.shapes[index].span()) text.Add(dim);
}

}  // namespace

std::string PackingIdentity(const graph::FragmentNode& node, const Lowered& lowered) {
  Text text;
  text.Add(node.kind);
  text.Add(node.attributes.flags);
  text.Add(node.attributes.kernel_height);
  text.Add(node.attributes.kernel_width);
  text.Add(node.attributes.stride_height);
  text.Add(node.attributes.stride_width);
  text.Add(node.attributes.groups);
  text.Add(node.attributes.group_input_channels);
  text.Add(node.attributes.group_output_channels);
  text.Add(node.inputs.size());
  for (size_t i = 0; i < node.inputs.size(); ++i) AddValue(lowered, node.inputs[i], i > 0, text);
  AddValue(lowered, node.outputs[0], false, text);
  return text.Take();
}

}  // namespace etd::xnnpack
