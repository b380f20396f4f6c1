// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/toeplitz_passes.hpp"

#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/rows.cuh"

namespace lunops::cuda {

namespace {

// An image or map by its strides; x has its own for maps only.
template <class T>
struct Pixels {
  T* data;
  int64_t frame, batch, z, y, x;
};

template <class T>
Pixels<T> image_of(const RawView& v) {
  Pixels<T> p{data<T>(v), v.stride[0], v.stride[1], 0, 0, 1};
  if (v.ndim > 3) p.y = v.stride[static_cast<size_t>(v.ndim - 2)];
  if (v.ndim > 4) p.z = v.stride[2];
  return p;
}

template <class T>
Pixels<const T> map_of(const NufftMaps& maps) {
  const RawView& v = maps.maps;
  if (v.data == nullptr) return {nullptr, 0, 0, 0, 0, 0};
  Pixels<const T> p{
      data<const T>(v), 0, v.stride[0], 0, 0, v.stride[static_cast<size_t>(v.ndim - 1)]};
  if (v.ndim > 2) p.y = v.stride[static_cast<size_t>(v.ndim - 2)];
  if (v.ndim > 3) p.z = v.stride[1];
  return p;
}

template <class T>
struct Phases {
  const T* of[3];
  bool conjugate;
  __device__ T at(int d, int n) const {
    return of[d] == nullptr ? T(1) : conj_if(conjugate, of[d][n]);
  }
};

template <class T>
Phases<T> phases_of(const ToeplitzPhases& p) {
  return {{static_cast<const T*>(p.of[0]), static_cast<const T*>(p.of[1]),
           static_cast<const T*>(p.of[2])},
          p.conjugate};
}

template <class T>
struct Load {
  ToeplitzGroup g;
  Pixels<const T> image, map;
  bool sum_batch;
  Phases<T> phases;
  T* planes;

  struct Row {
    const T *from, *map;  // from null: a row of zeros
    T factor;
    T* to;
  };
  __device__ Row row(int number) const {
    int rest = number;
    const int z = rest % g.image[0];
    rest /= g.image[0];
    const int64_t b = g.batch + rest % g.batches;
    rest /= g.batches;
    const int64_t f = g.frame + rest % g.frames;
    const int y = rest / g.frames;
    Row r{nullptr, nullptr, T(1), planes + static_cast<int64_t>(number) * g.grid[2]};
    if (y >= g.image[1]) return r;
    r.from = image.data + f * image.frame + (sum_batch ? 0 : b * image.batch) + z * image.z +
             y * image.y;
    if (map.data != nullptr) r.map = map.data + b * map.batch + z * map.z + y * map.y;
    r.factor = times(phases.at(0, z), phases.at(1, y));
    return r;
  }
  __device__ void operator()(const Row& r, int x) const {
    T value(0);
    if (r.from != nullptr && x < g.image[2]) {
      value = times(r.from[x], times(r.factor, phases.at(2, x)));
      if (r.map != nullptr) value = times(value, r.map[x * map.x]);
    }
    r.to[x] = value;
  }
};

template <class T>
struct Store {
  ToeplitzGroup g;
  const T* planes;  // null: zeros
  Pixels<const T> map;
  bool sum_batch;
  Phases<T> phases;
  Scaling<T> scale;
  bool add;
  Pixels<T> image;

  struct Row {
    T* to;
    const T *from, *map;
    T factor;
  };
  // {frames, batches unless they are summed, z, y}.
  __device__ Row row(int number) const {
    int rest = number;
    const int y = rest % g.image[1];
    rest /= g.image[1];
    const int z = rest % g.image[0];
    rest /= g.image[0];
    const int b = sum_batch ? 0 : rest % g.batches;
    const int f = sum_batch ? rest : rest / g.batches;
    Row r;
    r.to = image.data + (g.frame + f) * image.frame +
           (sum_batch ? 0 : (g.batch + b) * image.batch) + z * image.z + y * image.y;
    const int64_t first = (static_cast<int64_t>(y) * g.frames + f) * g.batches + b;
    r.from = planes == nullptr ? nullptr : planes + (first * g.image[0] + z) * g.grid[2];
    r.map = map.data == nullptr ? nullptr
                                : map.data + (g.batch + b) * map.batch + z * map.z + y * map.y;
    r.factor = times(scale.alpha, times(phases.at(0, z), phases.at(1, y)));
    return r;
  }
  __device__ void operator()(const Row& r, int x) const {
    T sum(0);
    if (add) {
      sum = r.to[x];
    } else if (scale.has_beta) {
      sum = times(scale.beta, r.to[x]);
    }
    if (r.from != nullptr) {
      const T factor = times(r.factor, phases.at(2, x));
      const int64_t step = static_cast<int64_t>(g.image[0]) * g.grid[2];
      for (int b = 0; b < (sum_batch ? g.batches : 1); ++b) {
        T value = r.from[b * step + x];
        if (r.map != nullptr) value = times(conj_if(true, r.map[b * map.batch + x * map.x]), value);
        sum += times(factor, value);
      }
    }
    r.to[x] = sum;
  }
};

// Where row {z, line of the columns, image} of lines along z lies in the planes.
struct ColumnRows {
  ToeplitzGroup g;
  ToeplitzColumns columns;

  __device__ int64_t operator()(int number) const {  // -1: nowhere
    const int images = g.frames * g.batches;
    const int z = number / (columns.count * images);
    const int rest = number - z * columns.count * images;
    if (z >= g.image[0] || columns.first + rest / images >= g.grid[1]) return -1;
    const int64_t line = static_cast<int64_t>(columns.first) * images + rest;
    return (line * g.image[0] + z) * g.grid[2];
  }
};

template <class T>
struct Gather {
  ColumnRows rows;
  const T* planes;
  T* lines;
  struct Row {
    const T* from;
    T* to;
  };
  __device__ Row row(int number) const {
    const int64_t at = rows(number);
    return {at < 0 ? nullptr : planes + at, lines + static_cast<int64_t>(number) * rows.g.grid[2]};
  }
  __device__ void operator()(const Row& r, int x) const {
    r.to[x] = r.from == nullptr ? T(0) : r.from[x];
  }
};

template <class T>
struct Scatter {
  ColumnRows rows;
  const T* lines;
  T* planes;
  struct Row {
    const T* from;
    T* to;
  };
  __device__ Row row(int number) const {
    const int64_t at = rows(number);
    return {lines + static_cast<int64_t>(number) * rows.g.grid[2], at < 0 ? nullptr : planes + at};
  }
  __device__ void operator()(const Row& r, int x) const {
    if (r.to != nullptr) r.to[x] = r.from[x];
  }
};

// P: real or complex.
template <class T, class P>
__device__ T product(const P& p, const T& value, bool conjugate) {
  if constexpr (is_complex_v<P>) {
    return times(conj_if(conjugate, p), value);
  } else {
    return T(p * value.real(), p * value.imag());
  }
}

template <class T, class P>
struct Multiply {
  ToeplitzGroup g;
  ToeplitzColumns columns;
  const P* spectrum;
  bool conjugate;
  int64_t by_kernel, by_frame;
  T* lines;
  struct Row {
    const P* spectrum;
    T* line;
  };
  // {grid z, lines of the columns, frames, batches}.
  __device__ Row row(int number) const {
    int rest = number;
    const int64_t b = g.batch + rest % g.batches;
    rest /= g.batches;
    const int64_t f = g.frame + rest % g.frames;
    rest /= g.frames;
    const int y = columns.first + rest % columns.count;
    const int64_t z = rest / columns.count;
    if (y >= g.grid[1]) return {nullptr, nullptr};
    return {spectrum + b * by_kernel + f * by_frame + (z * g.grid[1] + y) * g.grid[2],
            lines + static_cast<int64_t>(number) * g.grid[2]};
  }
  __device__ void operator()(const Row& r, int x) const {
    if (r.line != nullptr) r.line[x] = product(r.spectrum[x], r.line[x], conjugate);
  }
};

// y_a = sum_b P_ab x_b at one place of the grid after another, for all batch elements in turn,
// which find the spectra in the cache.  The inputs of a thread stand in shared memory, {matrix,
// threads}.
template <class T, class P>
__global__ void matrix_kernel(ToeplitzGroup g,
                              ToeplitzColumns columns,
                              const P* spectrum,
                              const int32_t* entries,
                              int matrix,
                              int64_t by_kernel,
                              T* lines,
                              int64_t places) {
  T* const input = shared_memory<T>() + threadIdx.x;
  const int64_t step = static_cast<int64_t>(g.batches) * g.grid[2];  // from one input to the next
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < places;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int x = static_cast<int>(i % g.grid[2]);
    const int64_t row = i / g.grid[2];
    const int64_t z = row / columns.count;
    const int y = columns.first + static_cast<int>(row - z * columns.count);
    if (y >= g.grid[1]) continue;
    const P* const at = spectrum + (z * g.grid[1] + y) * g.grid[2] + x;
    for (int batch = 0; batch < g.batches; ++batch) {
      T* const line = lines + row * matrix * step + static_cast<int64_t>(batch) * g.grid[2] + x;
      for (int b = 0; b < matrix; ++b) input[b * blockDim.x] = line[b * step];
      for (int a = 0; a < matrix; ++a) {
        T sum(0);
        for (int b = 0; b < matrix; ++b) {
          const int32_t entry = entries[a * matrix + b];
          sum += product(at[(entry >> 1) * by_kernel], input[b * blockDim.x], (entry & 1) != 0);
        }
        line[a * step] = sum;
      }
    }
  }
}

template <class F>
void with_type(DType dtype, const F& f) {
  if (dtype == DType::c64) {
    f.template operator()<Complex<float>>();
  } else {
    f.template operator()<Complex<double>>();
  }
}

// Inputs of one block of the matrix product.
constexpr size_t kMatrixBytes = size_t{32} << 10;
constexpr int kMostMatrixBlocks = 1 << 16;

template <class T, class P>
void multiply(const ToeplitzGroup& g,
              const ToeplitzColumns& columns,
              const ToeplitzSpectrum& s,
              void* lines,
              const Stream& stream) {
  const auto* const spectrum = static_cast<const P*>(s.data);
  auto* const to = static_cast<T*>(lines);
  const int64_t rows = int64_t{g.grid[0]} * columns.count;
  if (s.matrix == 0) {
    for_rows(rows * g.images(), g.grid[2], stream,
             Multiply<T, P>{g, columns, spectrum, s.conjugate, s.by_kernel, s.by_frame, to});
    return;
  }
  const size_t each = static_cast<size_t>(s.matrix) * sizeof(T);
  int threads = 128;
  while (threads > 1 && static_cast<size_t>(threads) * each > kMatrixBytes) threads /= 2;
  const int64_t places = rows * g.grid[2];
  const int64_t blocks = std::min<int64_t>((places + threads - 1) / threads, kMostMatrixBlocks);
  issue(matrix_kernel<T, P>, blocks, threads, static_cast<size_t>(threads) * each, stream, g,
        columns, spectrum, s.entries, s.matrix, s.by_kernel, to, places);
}

}  // namespace

void load_images(const ToeplitzGroup& group,
                 const RawView& x,
                 const NufftMaps& maps,
                 const ToeplitzPhases& phases,
                 void* planes,
                 const Stream& stream) {
  with_type(x.dtype, [&]<class T>() {
    for_rows(int64_t{group.grid[1]} * group.images() * group.image[0], group.grid[2], stream,
             Load<T>{group, image_of<const T>(x), map_of<T>(maps), maps.sum_batch,
                     phases_of<T>(phases), static_cast<T*>(planes)});
  });
}

void store_images(const ToeplitzGroup& group,
                  const void* planes,
                  const NufftMaps& maps,
                  const ToeplitzPhases& phases,
                  Scale s,
                  bool add,
                  const RawView& y,
                  const Stream& stream) {
  const int64_t images = maps.sum_batch ? group.frames : group.images();
  with_type(y.dtype, [&]<class T>() {
    for_rows(images * group.image[0] * group.image[1], group.image[2], stream,
             Store<T>{group, static_cast<const T*>(planes), map_of<T>(maps), maps.sum_batch,
                      phases_of<T>(phases), scaling<T>(s), add, image_of<T>(y)});
  });
}

void gather_columns(const ToeplitzGroup& group,
                    const ToeplitzColumns& columns,
                    DType dtype,
                    const void* planes,
                    void* lines,
                    const Stream& stream) {
  with_type(dtype, [&]<class T>() {
    for_rows(int64_t{group.grid[0]} * columns.count * group.images(), group.grid[2], stream,
             Gather<T>{{group, columns}, static_cast<const T*>(planes), static_cast<T*>(lines)});
  });
}

void scatter_columns(const ToeplitzGroup& group,
                     const ToeplitzColumns& columns,
                     DType dtype,
                     const void* lines,
                     void* planes,
                     const Stream& stream) {
  with_type(dtype, [&]<class T>() {
    for_rows(int64_t{group.image[0]} * columns.count * group.images(), group.grid[2], stream,
             Scatter<T>{{group, columns}, static_cast<const T*>(lines), static_cast<T*>(planes)});
  });
}

void multiply_spectrum(const ToeplitzGroup& group,
                       const ToeplitzColumns& columns,
                       const ToeplitzSpectrum& spectrum,
                       DType dtype,
                       void* lines,
                       const Stream& stream) {
  with_type(dtype, [&]<class T>() {
    using R = typename T::value_type;
    if (spectrum.is_real) {
      multiply<T, R>(group, columns, spectrum, lines, stream);
    } else {
      multiply<T, T>(group, columns, spectrum, lines, stream);
    }
  });
}

}  // namespace lunops::cuda
