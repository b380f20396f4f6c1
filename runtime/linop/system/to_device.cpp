// SPDX-License-Identifier: MIT
#include "runtime/linop/system/to_device.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

class ToDeviceCore final : public Core {
 public:
  ToDeviceCore(Device source, Device target, Signature signature, std::string name)
      : Core(std::move(signature), std::move(name)), source_(source), target_(target) {}

  std::string_view kind() const noexcept override { return "ToDevice"; }
  Field field() const noexcept override { return Field::real; }
  std::string details() const override {
    return fmt::format("{} -> {}", source_.text(), target_.text());
  }
  bool is_isometry(Mode) const noexcept override { return true; }
  Mode canonical(Mode mode) const noexcept override {
    return transposes(mode) ? Mode::adjoint : Mode::forward;
  }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override {
    if (inner != nullptr) return std::nullopt;
    return Node{identity_like(signature()), Mode::forward, nullptr};
  }
  bool same(const Core& other) const override {
    const auto& o = static_cast<const ToDeviceCore&>(other);
    return source_ == o.source_ && target_ == o.target_;
  }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override {
    return std::make_shared<ToDeviceCore>(source_, target_, form, name());
  }
  Tile cut(const TileRequest& request) const override {
    TileRequest part = request;
    if (!agree_on_kept(signature(), part)) return no_tile(part);
    return tile_of(
        std::make_shared<ToDeviceCore>(source_, target_,
                                       cut_signature(signature(), part.input, part.output), name()),
        part);
  }

  Device result_device(Mode mode, Device) const override { return to(mode); }
  void check_device(Mode mode, Device in) const override {
    if (in == from(mode)) return;
    fail(Code::device, "apply", "x is on {} but {} takes data from {} to {}; use x:to \"{}\"",
         in.text(), label_of(Node{shared_from_this(), mode, nullptr}), from(mode).text(),
         to(mode).text(), from(mode).text());
  }
  std::optional<Operand> view(Mode, const Operand& x) const override {
    if (source_ == target_) return x;
    return std::nullopt;
  }
  void lower(
      Builder& b, Mode, const Operand& x, const Operand& y, const StepScale& s) const override {
    b.copy(x, y, s);
  }

  Device from(Mode mode) const noexcept { return transposes(mode) ? target_ : source_; }
  Device to(Mode mode) const noexcept { return transposes(mode) ? source_ : target_; }

 private:
  Device source_, target_;
};

}  // namespace

std::optional<DeviceMove> as_to_device(const Node& node) noexcept {
  if (node.form != nullptr) return std::nullopt;
  const auto* core = dynamic_cast<const ToDeviceCore*>(node.core.get());
  if (core == nullptr) return std::nullopt;
  return DeviceMove{core->from(node.mode), core->to(node.mode)};
}

Linop ToDevice(Device source, Device target, const LinopOptions& options) {
  for (const Device device : {source, target}) {
    if (device.kind != DeviceKind::cpu) Pool::of(device);  // throws where there is no such device
  }
  const SignatureText any = parse_signature("ToDevice", "...");
  return Linop(std::make_shared<ToDeviceCore>(
      source, target, with_options("ToDevice", Signature(any.side, any.side), options),
      options.name));
}

}  // namespace lunops
