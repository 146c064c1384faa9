// What operators with kernels of our own share: which tensors the kernels take, and one autograd node for all that they do.
#pragma once

#include "shim.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <vector>

namespace ofl {

inline bool plain_floats(const at::Tensor& t) { return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous(); }

inline bool wants_graph(const std::vector<at::Tensor>& inputs) {
  if (!c10::GradMode::is_enabled()) return false;
  for (const auto& tensor : inputs) {
    if (tensor.defined() && tensor.requires_grad()) return true;
  }
  return false;
}

// The gradient of a leaf, to add to in place: null where the result must travel through the engine instead.
inline at::Tensor leaf_gradient(torch::autograd::Node& node, size_t position) {
  auto* sink = dynamic_cast<torch::autograd::AccumulateGrad*>(node.next_edge(position).function.get());
  if (sink == nullptr || !sink->pre_hooks().empty() || !sink->post_hooks().empty()) return {};
  // Captured means that autograd.grad asked for it: .grad must stay as it is.
  const auto* plan = torch::autograd::get_current_graph_task_exec_info();
  if (plan != nullptr && !plan->empty()) {
    auto entry = plan->find(sink);
    if (entry == plan->end() || entry->second.captures_) return {};
  }
  const at::Tensor& variable = sink->variable;
  if (!torch::autograd::impl::hooks(variable).empty()) return {};
  const at::Tensor& grad = variable.grad();
  const bool fits = grad.defined() && !grad.requires_grad() && grad.layout() == at::kStrided && grad.is_contiguous() &&
      grad.scalar_type() == variable.scalar_type() && grad.device() == variable.device();
  return fits ? grad : at::Tensor();
}

// For gradients of gradients: y, made of the inputs by recorded operators, differentiated by autograd itself.
inline void differentiate(torch::autograd::Node& node, const at::Tensor& y, const std::vector<at::Tensor>& inputs,
                          const at::Tensor& upstream, torch::autograd::variable_list& results) {
  torch::autograd::variable_list wanted;
  std::vector<size_t> positions;
  for (size_t k = 0; k < inputs.size(); ++k) {
    if (inputs[k].defined() && inputs[k].requires_grad() && node.task_should_compute_output(k)) {
      wanted.push_back(inputs[k]);
      positions.push_back(k);
    }
  }
  if (wanted.empty()) return;
  auto found = torch::autograd::grad({y}, wanted, {upstream}, /*retain_graph=*/true, /*create_graph=*/true, /*allow_unused=*/true);
  for (size_t k = 0; k < positions.size(); ++k) results[positions[k]] = found[k];
}

// An operator of some tensors with one result: its gradient by a kernel, that of its gradient through recorded operators.
struct FusedNode : public torch::autograd::Node {
  std::vector<torch::autograd::SavedVariable> saved;  // the inputs, undefined ones too
  std::vector<at::Tensor> kept;                       // what the forward pass leaves for the backward one

  // The operator itself, recorded.
  virtual at::Tensor recorded(const std::vector<at::Tensor>& inputs) = 0;

  // Fills in the gradients that the task wants, of an upstream one that is contiguous.
  virtual void gradients(const std::vector<at::Tensor>& inputs, const at::Tensor& upstream, torch::autograd::variable_list& results) = 0;

  void release_variables() override {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& variable : saved) variable.reset_data();
    kept.clear();
  }

  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override {
    std::lock_guard<std::mutex> lock(mutex_);
    torch::autograd::variable_list results(saved.size());
    if (!grads[0].defined()) return results;
    std::vector<at::Tensor> inputs;
    inputs.reserve(saved.size());
    for (auto& variable : saved) inputs.push_back(variable.unpack());
    if (c10::GradMode::is_enabled()) {
      differentiate(*this, recorded(inputs), inputs, grads[0], results);
    } else {
      gradients(inputs, grads[0].contiguous(), results);
    }
    return results;
  }

  // A gradient to add to: that of the leaf itself, or zeros that travel on; null where the task does not want it.
  at::Tensor sum_for(size_t position, const at::Tensor& input, torch::autograd::variable_list& results) {
    if (!input.defined() || !task_should_compute_output(position)) return {};
    at::Tensor into = leaf_gradient(*this, position);
    if (into.defined()) return into;
    return results[position] = at::zeros_like(input);
  }

  // A gradient that the kernel writes whole; null where the task does not want it.
  at::Tensor fresh_for(size_t position, const at::Tensor& input, torch::autograd::variable_list& results) {
    if (!input.defined() || !task_should_compute_output(position)) return {};
    return results[position] = at::empty_like(input, at::MemoryFormat::Contiguous);
  }
};

// Makes node the history of result.
inline void record(const std::shared_ptr<FusedNode>& node, const std::vector<at::Tensor>& inputs, at::Tensor& result) {
  torch::autograd::edge_list edges;
  edges.reserve(inputs.size());
  node->saved.reserve(inputs.size());
  for (const auto& tensor : inputs) {
    edges.push_back(tensor.defined() ? torch::autograd::impl::gradient_edge(tensor) : torch::autograd::Edge());
    node->saved.emplace_back(tensor, false);
  }
  node->set_next_edges(std::move(edges));
  torch::autograd::set_history(result, node);
}

template <class N>
std::shared_ptr<N> make_node() {
  return std::shared_ptr<N>(new N(), torch::autograd::deleteNode);
}

// Under the dispatcher's autograd keys: what the kernels call is not recorded, their node is.
template <class Body>
Handle fused(int64_t* bytes, Body&& body) {
  return guard<Handle>(nullptr, [&] {
    at::AutoDispatchBelowADInplaceOrView below;
    at::Tensor result = body();
    *bytes = owned_bytes(result);
    return give(std::move(result));
  });
}

inline float* floats(const at::Tensor& t) { return t.defined() ? t.data_ptr<float>() : nullptr; }

}  // namespace ofl
