// SPDX-License-Identifier: MIT
#include "runtime/linop/parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/elementary/scalar.hpp"

namespace lunops {

std::string child_path(const Core& core, const std::string& path, size_t child) {
  const bool is_normal = core.kind() == "Normal" && core.children().size() == 1;
  return is_normal ? path : fmt::format("{}{}.", path, child + 1);
}

std::vector<std::pair<std::string, WeightPtr>> given_weights(const Core& core,
                                                             size_t number,
                                                             const std::string& path) {
  Weights given;
  const auto visit = [&](const auto& self, const WeightPtr& w) -> void {
    if (!w->is_given()) {
      for (const WeightPtr& source : w->sources()) self(self, source);
    } else if (std::find(given.begin(), given.end(), w) == given.end()) {
      given.push_back(w);
    }
  };
  visit(visit, core.weights()[number]);
  std::vector<std::pair<std::string, WeightPtr>> made;
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string below = given.size() == 1 ? path : fmt::format("{}{}.", path, i + 1);
    made.emplace_back(fmt::format("{}{}", below, core.weight_name(number)), given[i]);
  }
  return made;
}

namespace {

const ScalarCore* scalar_of(const Core& core) { return dynamic_cast<const ScalarCore*>(&core); }

void collect_parts(const Core& core, const std::string& path, std::vector<NamedPart>& parts) {
  if (const ScalarCore* s = scalar_of(core)) {
    parts.push_back({path + "scalar", s->root().value_or(s->value(Mode::forward))});
  }
  const Weights weights = core.weights();
  for (size_t i = 0; i < weights.size(); ++i) {
    for (const auto& [name, weight] : given_weights(core, i, path)) {
      parts.push_back({name, weight->tensor()});
    }
  }
  const std::vector<Node> children = core.children();
  for (size_t i = 0; i < children.size(); ++i) {
    collect_parts(*children[i].core, child_path(core, path, i), parts);
  }
}

// What replaces what, and on which device the rest shall lie.
class Rebuilder {
 public:
  explicit Rebuilder(std::map<std::string, PartValue> values) : values_(std::move(values)) {}
  Rebuilder(Device device, Context& context) : device_(device), context_(&context) {}

  std::shared_ptr<const Core> operator()(const std::shared_ptr<const Core>& core,
                                         const std::string& path) {
    if (context_ != nullptr && core->device_places()) {
      fail(Code::unsupported, "to",
           "{} has tiles on devices of their own; move the operator that it was made from, or give "
           "base = \"{}\" to lo.batch",
           core->label(), device_.text());
    }
    if (const ScalarCore* s = scalar_of(*core)) {
      const auto found = values_.find(path + "scalar");
      if (found == values_.end()) return core;
      if (s->root()) refuse(*core);
      return std::make_shared<ScalarCore>(number_of(*core, found->second), core->signature(),
                                          core->name());
    }
    Parts parts{core->weights(), core->children(), core->name(), context_ != nullptr};
    bool is_changed = false;
    for (size_t i = 0; i < parts.weights.size(); ++i) {
      const WeightPtr made = weight(*core, i, path);
      is_changed = is_changed || made != parts.weights[i];
      parts.weights[i] = made;
    }
    for (size_t i = 0; i < parts.children.size(); ++i) {
      Node& child = parts.children[i];
      const auto made = (*this)(child.core, child_path(*core, path, i));
      is_changed = is_changed || made != child.core;
      child.core = made;
    }
    return is_changed ? core->rebuilt(std::move(parts)) : core;
  }

 private:
  [[noreturn]] static void refuse(const Core& core) {
    fail(Code::unsupported, "with",
         "the weight of {} is computed from another operator's; replace it there", core.label());
  }

  static c128 number_of(const Core& core, const PartValue& value) {
    if (const c128* z = std::get_if<c128>(&value)) {
      if (!std::isfinite(z->real()) || !std::isfinite(z->imag())) {
        fail(Code::numeric, "with", "the scalar of {} would be {}{:+}i; give a finite number",
             core.label(), z->real(), z->imag());
      }
      return *z;
    }
    fail(Code::argument, "with", "the scalar of {} is a number, not a tensor", core.label());
  }

  WeightPtr weight(const Core& core, size_t number, const std::string& path) {
    const WeightPtr old = core.weights()[number];
    if (context_ != nullptr) {
      // Operators that share a weight share its copy.
      auto& moved = moved_[old.get()];
      if (moved == nullptr) moved = weight_on(old, device_, *context_);
      return moved;
    }
    const auto names = given_weights(core, number, path);
    const auto found = std::find_if(names.begin(), names.end(),
                                    [&](const auto& n) { return values_.count(n.first) > 0; });
    if (found == names.end()) return old;
    const WeightPtr& origin = old->origin();
    if (!old->is_given() && (origin == nullptr || !origin->is_given())) refuse(core);
    const Tensor* given = std::get_if<Tensor>(&values_.at(found->first));
    if (given == nullptr) {
      fail(Code::argument, "with", "'{}' of {} is a tensor, not a number", found->first,
           core.label());
    }
    const Tensor& before = old->tensor();
    const bool has_names = !given->shape().is_named() || !before.shape().is_named() ||
                           given->shape() == before.shape();
    if (given->shape().extents() != before.shape().extents() || !has_names) {
      fail(Code::shape, "with", "'{}' of {} is {}, not {}", found->first, core.label(),
           before.shape().braced(), given->shape().braced());
    }
    if (given->dtype() != before.dtype() &&
        (!is_floating(given->dtype()) || !is_floating(before.dtype()))) {
      fail(Code::dtype, "with", "'{}' of {} is {}, not {}", found->first, core.label(),
           name_of(before.dtype()), name_of(given->dtype()));
    }
    const auto made = std::make_shared<Weight>(given->with_shape(before.shape()), old->owner());
    return origin == nullptr ? made : weight_copy(made, old->device());
  }

  std::map<std::string, PartValue> values_;
  Device device_;
  Context* context_ = nullptr;  // not null: everything goes to device_
  std::map<const Weight*, WeightPtr> moved_;
};

}  // namespace

std::vector<NamedPart> named_parts(const Node& node) {
  std::vector<NamedPart> parts;
  collect_parts(*node.core, "", parts);
  return parts;
}

void check_path(std::string_view operation,
                const std::string& path,
                const std::vector<NamedPart>& parts,
                const Node& node) {
  std::vector<std::string> known;
  for (const NamedPart& p : parts) known.push_back(p.path);
  if (std::find(known.begin(), known.end(), path) != known.end()) return;
  std::string list;
  for (const std::string& name : known)
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", name);
  fail(Code::argument, operation, "{} has no '{}'; {}{}", label_of(node), path,
       known.empty() ? std::string("it has no weights") : fmt::format("its weights are {}", list),
       did_you_mean(path, known));
}

Linop Linop::with(const std::vector<NamedPart>& values,
                  const std::optional<std::string>& name) const {
  Node made = node_;
  if (!values.empty()) {
    const std::vector<NamedPart> known = named_parts(node_);
    std::map<std::string, PartValue> by_path;
    for (const NamedPart& v : values) {
      check_path("with", v.path, known, node_);
      by_path.emplace(v.path, v.value);
    }
    made.core = Rebuilder(std::move(by_path))(made.core, "");
  }
  if (name && *name != made.core->name()) {
    made.core = made.core->rebuilt({made.core->weights(), made.core->children(), *name});
  }
  return Linop(made);
}

Linop Linop::to(Device device, Context& context) const {
  Node made = node_;
  made.core = Rebuilder(device, context)(made.core, "");
  return Linop(made);
}

}  // namespace lunops
