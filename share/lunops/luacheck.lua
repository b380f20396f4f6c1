-- SPDX-License-Identifier: MIT
-- For luacheck, `std = "lua54+lunops"`: stds.lunops = dofile "luacheck.lua"; made by `./dev docs`.
return {
  read_globals = {
    ans = {}, help = {},
    lo = {
      fields = {
        Add = {}, ArrayToBlocks = {}, BatchSpec = {}, BlockDiag = {}, BlocksToArray = {}, Breakpoint = {},
        Casorati = {}, Cast = {}, Chain = {}, Concat = {}, Conj = {}, Convolution = {}, Crop = {}, Custom = {},
        Dense = {}, Diagonal = {}, Embed = {}, FFT = {}, FiniteDifference = {}, Flip = {}, Gradient = {},
        Gridding = {}, HStack = {}, Hankel = {}, Identity = {}, Imag = {}, Interpolate = {}, Kronecker = {},
        Laplacian = {}, LowRank = {}, NUFFT = {}, Pad = {}, PadDim = {}, Permute = {}, Real = {},
        Rearrange = {}, Rename = {}, Repeat = {}, Roll = {}, Sampling = {}, Scalar = {}, Sleep = {},
        Slice = {}, Sparse = {}, Stack = {}, Subspace = {}, SumReduce = {}, TimeSegmented = {}, ToDevice = {},
        Trace = {}, Truncate = {}, VStack = {}, Wavelet = {}, Zero = {}, allclose = {}, arange = {},
        arguments = {}, batch = {}, calibrate = {}, cg = {}, check = {}, complex = {}, defaults = {},
        device = {}, devices = {}, dim = {}, display = {}, dot = {}, einsum = {}, ellipse_image = {},
        ellipse_kspace = {}, empty = {}, eq = {}, expand = {}, explain = {}, eye = {}, fail = {}, full = {},
        ge = {}, gt = {}, help = {}, i = {}, json = {}, le = {}, lincomb = {}, lt = {}, match = {},
        memory = {}, ne = {}, now = {}, nufft = {}, nufft_adjoint = {}, ones = {}, ones_like = {},
        operators = {}, options = {}, plan = {}, power = {}, progress = {}, rand = {}, randn = {},
        rearrange = {}, reduce = {}, scope = {}, shape = {}, show = {}, signature = {}, split = {},
        stages = {}, tensor = {}, threads = {}, tile = {}, time = {}, timeline = {}, try = {}, type = {},
        version = {}, virtual_devices = {}, wait = {}, warn = {}, warnings = {}, where = {}, zeros = {},
        zeros_like = {},
        io = {
          fields = {
            probe = {}, raw = {}, read = {}, write = {},
          },
        },
        metrics = {
          fields = {
            mae = {}, nrmse = {}, psnr = {}, snr = {},
          },
        },
        mri = {
          fields = {
            check_output = {}, coils = {}, combine = {}, density = {}, harmonics_of = {}, is_radial = {},
            lowres = {}, nufft = {}, phantom = {}, radial = {}, ramp = {}, rss = {}, scan = {}, sense = {},
            spokes = {}, weights = {},
          },
        },
      },
    },
  },
}
