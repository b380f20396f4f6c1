// SPDX-License-Identifier: MIT
#pragma once

// A product of which only its rounded value goes on, for the terms of complex products in hot
// files.
//
// GCC 12 makes fused multiply-adds (vfmaddsub) of ac - bd and ad + bc in vectorised loops, also
// under -ffp-contract=off, while the scalar tail of the same loop rounds the products: an element
// would have other bits at another place of the loop.  Seen with 12.2; the barrier costs nothing
// where memory is the limit.
#if defined(__has_builtin)
#if __has_builtin(__builtin_assoc_barrier)
#define LUNOPS_ROUNDED(product) __builtin_assoc_barrier(product)
#endif
#endif
#if !defined(LUNOPS_ROUNDED)
#define LUNOPS_ROUNDED(product) (product)
#endif
