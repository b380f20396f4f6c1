// SPDX-License-Identifier: MIT
#include <cmath>
#include <thread>

#include "runtime/core/error.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/system/passing.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

Tile PassingCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(with_signature(cut_signature(signature(), part.input, part.output)), part);
}

Signature passing_signature(std::string_view operation,
                            std::string_view text,
                            const LinopOptions& options) {
  const SignatureText parsed = parse_signature(operation, text);
  if (!parsed.is_one_sided) {
    fail(Code::shape, operation, "\"{}\" has two sides; {} keeps its dims, so name them once", text,
         operation);
  }
  return with_options(operation, Signature(parsed.side, parsed.side), options);
}

namespace {

class SleepStep final : public Step {
 public:
  explicit SleepStep(double given) {
    seconds = given;
    has_own_time = true;
  }
  void run(const Frame& f) const override {
    if (virtual_devices()->clock) return;  // the simulated clock passes the time
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::duration<double> kPoll(0.01);  // an interrupt need not wait for longer
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(seconds));
    for (auto now = Clock::now(); now < end; now = Clock::now()) {
      f.context->poll();
      std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(kPoll, end - now));
    }
  }
};

class SleepCore final : public PassingCore {
 public:
  SleepCore(double seconds, Signature signature, std::string name)
      : PassingCore(std::move(signature), std::move(name)), seconds_(seconds) {}
  std::string_view kind() const noexcept override { return "Sleep"; }
  std::string details() const override { return fmt::format("{} s", seconds_); }
  Mode canonical(Mode mode) const noexcept override {
    return transposes(mode) ? Mode::adjoint : Mode::forward;
  }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override {
    return with_signature(form);
  }
  void lower(Builder& b,
             Mode mode,
             const Operand& x,
             const Operand& y,
             const StepScale& s) const override {
    if (!transposes(mode)) b.add(std::make_unique<SleepStep>(seconds_));
    b.copy(x, y, s);
  }

 protected:
  std::shared_ptr<const Core> with_signature(Signature signature) const override {
    return std::make_shared<SleepCore>(seconds_, std::move(signature), name());
  }

 private:
  double seconds_;
};

}  // namespace

Linop Sleep(double seconds, std::string_view text, const LinopOptions& options) {
  if (!std::isfinite(seconds) || seconds < 0) {
    fail(Code::argument, "Sleep", "seconds is {}; give a finite number >= 0", seconds);
  }
  return Linop(std::make_shared<SleepCore>(seconds, passing_signature("Sleep", text, options),
                                           options.name));
}

}  // namespace lunops
