// SPDX-License-Identifier: MIT
// Makes the files of ismrmrd/, once; they are kept so that the tests write no HDF5.
//
// g++ -std=c++20 make_ismrmrd.cpp -o make_ismrmrd -lismrmrd $(pkg-config --cflags --libs hdf5)
// ./make_ismrmrd ismrmrd
//
// Sample s of coil c in acquisition a of the file is 100 a + 10 c + s, with imaginary part 0.5.
#include <cmath>
#include <complex>
#include <cstdio>
#include <string>

#include <hdf5.h>
#include <ismrmrd/dataset.h>
#include <ismrmrd/ismrmrd.h>

namespace {

std::string header(
    int x, int y, int recon_x, int recon_y, int lines, int center, const char* trajectory) {
  const auto space = [](const char* name, int nx, int ny) {
    return std::string("<") + name + "><matrixSize><x>" + std::to_string(nx) + "</x><y>" +
           std::to_string(ny) + "</y><z>1</z></matrixSize><fieldOfView_mm><x>" +
           std::to_string(10 * nx) + "</x><y>" + std::to_string(10 * ny) +
           "</y><z>5</z></fieldOfView_mm></" + name + ">";
  };
  return "<?xml version=\"1.0\"?><ismrmrdHeader xmlns=\"http://www.ismrm.org/ISMRMRD\">"
         "<acquisitionSystemInformation><systemFieldStrength_T>1.5</systemFieldStrength_T>"
         "<receiverChannels>2</receiverChannels></acquisitionSystemInformation>"
         "<experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz>"
         "</experimentalConditions><encoding>" +
         space("encodedSpace", x, y) + space("reconSpace", recon_x, recon_y) +
         "<encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>" +
         std::to_string(lines - 1) + "</maximum><center>" + std::to_string(center) +
         "</center></kspace_encoding_step_1></encodingLimits><trajectory>" + trajectory +
         "</trajectory></encoding><sequenceParameters><TR>4</TR><TE>2</TE></sequenceParameters>"
         "</ismrmrdHeader>";
}

class File {
 public:
  File(const std::string& path, const std::string& xml) : path_(path) {
    std::remove(path.c_str());
    file_ = new ISMRMRD::Dataset(path.c_str(), "dataset", true);
    file_->writeHeader(xml);
  }
  ~File() { delete file_; }

  ISMRMRD::Acquisition next(int samples, int columns = 0) {
    ISMRMRD::Acquisition a(static_cast<uint16_t>(samples), 2, static_cast<uint16_t>(columns));
    for (int c = 0; c < 2; ++c) {
      for (int s = 0; s < samples; ++s) {
        a.data(s, c) = std::complex<float>(static_cast<float>(100 * count_ + 10 * c + s), 0.5F);
      }
    }
    a.center_sample() = static_cast<uint16_t>(samples / 2);
    a.scan_counter() = static_cast<uint32_t>(count_++);
    return a;
  }
  void add(ISMRMRD::Acquisition& a) { file_->appendAcquisition(a); }

 private:
  std::string path_;
  ISMRMRD::Dataset* file_;
  int count_ = 0;
};

// Spoke p of 3, 8 samples: position s - 4 in cycles along the angle p pi / 3, times `scale`.
void radial(const std::string& path, double scale, bool weighted) {
  File file(path, header(8, 8, 8, 8, 3, 0, "radial"));
  auto noise = file.next(5);
  noise.setFlag(ISMRMRD::ISMRMRD_ACQ_IS_NOISE_MEASUREMENT);
  file.add(noise);
  for (int p = 0; p < 3; ++p) {
    if (p == 1) {
      auto navigator = file.next(4);
      navigator.setFlag(ISMRMRD::ISMRMRD_ACQ_IS_NAVIGATION_DATA);
      file.add(navigator);
    }
    auto spoke = file.next(8, weighted ? 3 : 2);
    spoke.idx().kspace_encode_step_1 = static_cast<uint16_t>(p);
    for (uint16_t s = 0; s < 8; ++s) {
      spoke.traj(0, s) = static_cast<float>((s - 4) * std::cos(p * std::acos(-1) / 3) * scale);
      spoke.traj(1, s) = static_cast<float>((s - 4) * std::sin(p * std::acos(-1) / 3) * scale);
      if (weighted) spoke.traj(2, s) = static_cast<float>(std::abs(s - 4));
    }
    file.add(spoke);
  }
}

// Spokes along x and y of 12 samples at s - 6 cycles, of which the second runs backwards, for an
// image of 8 x 8 in an encoded one of 12 x 12: 1.5 times oversampled.  The third column is the
// distance from the centre.
void oversampled(const std::string& path) {
  File file(path, header(12, 12, 8, 8, 2, 0, "radial"));
  for (int p = 0; p < 2; ++p) {
    auto spoke = file.next(12, 3);
    spoke.center_sample() = p == 0 ? 6 : 5;
    if (p == 1) spoke.setFlag(ISMRMRD::ISMRMRD_ACQ_IS_REVERSE);
    for (uint16_t s = 0; s < 12; ++s) {
      const int k = p == 0 ? s - 6 : 5 - s;
      spoke.traj(0, s) = static_cast<float>(p == 0 ? k : 0);
      spoke.traj(1, s) = static_cast<float>(p == 0 ? 0 : k);
      spoke.traj(2, s) = static_cast<float>(std::abs(k));
    }
    file.add(spoke);
  }
}

// Two slices of 4 lines, of which line 2 of slice 1 is missing; line 1 of slice 0 is reversed; each
// readout has 10 samples of which the first and the last are to be discarded.
void cartesian(const std::string& path) {
  File file(path, header(8, 4, 4, 4, 4, 2, "cartesian"));
  auto correction = file.next(8);
  correction.setFlag(ISMRMRD::ISMRMRD_ACQ_IS_PHASECORR_DATA);
  file.add(correction);
  for (int slice = 0; slice < 2; ++slice) {
    for (int line = 0; line < 4; ++line) {
      if (slice == 1 && line == 2) continue;
      auto a = file.next(10);
      a.idx().kspace_encode_step_1 = static_cast<uint16_t>(line);
      a.idx().slice = static_cast<uint16_t>(slice);
      a.discard_pre() = 1;
      a.discard_post() = 1;
      a.center_sample() = 5;
      if (slice == 0 && line == 1) {
        a.setFlag(ISMRMRD::ISMRMRD_ACQ_IS_REVERSE);
        a.center_sample() = 4;  // sample 3 of the 8 kept ones, number 4 when flipped
      }
      file.add(a);
    }
  }
}

// Echoes of 6 samples whose centre is sample 2, and a partial set of 3 lines around line 1.
void partial(const std::string& path) {
  File file(path, header(8, 6, 8, 6, 3, 1, "cartesian"));
  for (int line = 0; line < 3; ++line) {
    auto a = file.next(6);
    a.idx().kspace_encode_step_1 = static_cast<uint16_t>(line);
    a.center_sample() = 2;
    file.add(a);
  }
}

// HDF5, but not ISMRMRD.
void other(const std::string& path) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t extent = 3;
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  const hid_t set =
      H5Dcreate2(file, "exchange", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const float values[3] = {1, 2, 3};
  H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(set);
  H5Sclose(space);
  H5Fclose(file);
}

}  // namespace

int main(int, char** words) {
  const std::string folder = words[1];
  radial(folder + "/radial_normalized.h5", 1.0 / 8, false);
  radial(folder + "/radial_cycles_weighted.h5", 1, true);
  radial(folder + "/radial_radians.h5", 10, false);
  oversampled(folder + "/radial_oversampled.h5");
  cartesian(folder + "/cartesian.h5");
  partial(folder + "/partial.h5");
  other(folder + "/other.h5");
}
