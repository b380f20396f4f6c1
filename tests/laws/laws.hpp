// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/linop/operators.hpp"

// The laws that every operator obeys (operators.md §12), run over everything that is registered and
// over random compositions.
namespace lunops::laws {

// Random operands of one case, from a seed that is printed with it.
class Draw {
 public:
  Draw(uint64_t seed, DType dtype, Context& context)
      : seed_(seed), dtype_(dtype), context_(&context) {}

  Tensor tensor(std::string_view shape);  // normal numbers of the case's dtype
  Tensor real(std::string_view shape);    // in its precision
  Tensor uniform(std::string_view shape, double low, double high);  // f64
  uint64_t next();
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }
  DType dtype() const noexcept { return dtype_; }
  Context& context() noexcept { return *context_; }

 private:
  uint64_t seed_;
  DType dtype_;
  Context* context_;
};

struct Case {
  std::string name;
  std::function<Linop(Draw&)> make;
  std::string input;  // shape of the input where the operator does not know all its extents
  double (*approximate)(DType) = nullptr;  // error of forms that are not exact; null: none
};

bool add(std::string kind, std::vector<Case> cases);
struct Registered {
  std::string kind;
  Case each;
};
const std::vector<Registered>& registered();

// An operator with tensors for it, ready for the laws.
struct Subject {
  std::string name;
  Linop a;
  Shape input, output;
  DType dtype, output_dtype;  // of the input and of what it becomes
  uint64_t seed;
  double approximate = 0;   // see Case
  bool is_rounded = false;  // data pass through single precision somewhere
};

double tolerance(const Subject& s);
Tensor random_like(const Shape& shape, DType dtype, uint64_t seed, Context& context);
double distance(const Tensor& a, const Tensor& b);  // |a - b| / max(|a|, |b|), 0 for two zeros

// One function for each law; they CHECK.
void adjointness(const Subject&, Context&);            // L1
void linearity(const Subject&, Context&);              // L2
void normal_form(const Subject&, Context&);            // L3
void identities_of_handles(const Subject&, Context&);  // L4
void modes(const Subject&, Context&);                  // L5
void scales(const Subject&, Context&);                 // L6
void nothing_changes(const Subject&, Context&);        // L7
void matrix(const Subject&, Context&);                 // L8
void backends(const Subject&, Context&);               // L9
void tiles(const Subject&, Context&);                  // L10
void determinism(const Subject&, Context&);            // L10, L12 and threads, in bits
void batches(const Subject&, Context&);                // L12
void kept_dims(const Subject&, Context&);              // L11
void renaming(const Subject&, Context&);               // L13
void strides(const Subject&, Context&);                // L16
void rewriting(const Subject&, Context&);              // L17
void reuse(const Subject&, Context&);                  // L18
void printing(const Subject&, Context&);               // L19
void bad_inputs(const Subject&, Context&);             // L20
void algebra(const Subject&, Context&);                // L21

void all(const Subject& s, Context& context);

}  // namespace lunops::laws
