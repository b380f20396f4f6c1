---@meta lunops
-- SPDX-License-Identifier: MIT
-- For editors; made from the records by `./dev docs`.
error "lunops.lua declares types for editors; require 'lunops' finds the module itself"

---@class lunops.Error  what failures raise; acts as its text
---@field code string
---@field message string
---@field operation string
---@field where string

---@class lunops.Complex
---@field re number The real part.
---@field im number The imaginary part.
---@operator add(lunops.Complex|number|lunops.Complex): lunops.Complex
---@operator sub(lunops.Complex|number|lunops.Complex): lunops.Complex
---@operator mul(lunops.Complex|number|lunops.Complex): lunops.Complex
---@operator div(lunops.Complex|number|lunops.Complex): lunops.Complex
---@operator pow(lunops.Complex|number|lunops.Complex): lunops.Complex
---@operator unm: lunops.Complex
local Complex = {}

--- The absolute value.
--- 
--- ```lua
--- print(lo.complex(3, 4):abs())  --> 5.0
--- ```
---@return number # a number
function Complex:abs() end

--- The complex conjugate.
--- 
--- ```lua
--- print(lo.complex(2, 3):conj())  --> 2-3i
--- ```
---@return lunops.Complex # a complex scalar
function Complex:conj() end

---@class lunops.Shape
---@field names string The names of the dims as text.
---@field dims string[] The names of the dims as a list.
---@field extent lunops.Extents Extents by name: s.extent.y, s.extent "y"; nil where not known yet.
---@field ndim integer The number of dims.
local Shape = {}

---@class lunops.Extents
---@operator call: any
local Extents = {}

---@class lunops.Signature
---@field ishape lunops.Shape The input as a shape.
---@field oshape lunops.Shape The output as a shape.
---@field H lunops.Signature The signature of the adjoint.
---@field N lunops.Signature The signature of the normal operator.
---@field dims string[] Input dims, then further output dims, with primes.
local Signature = {}

---@class lunops.Tensor
---@field shape lunops.Shape Names and extents.
---@field extent lunops.Extents Extents by name.
---@field names string The names of the dims as text.
---@field dims string[] The names of the dims as a list.
---@field ndim integer The number of dims.
---@field count integer The number of elements.
---@field bytes integer The size of the elements in bytes.
---@field dtype string The type of the elements.
---@field device string Where the elements lie.
---@field real lunops.Tensor A view of the real parts.
---@field imag lunops.Tensor A view of the imaginary parts.
---@field is_pinned boolean Whether the memory is pinned.
---@operator call: any
---@operator add(lunops.Tensor|number|lunops.Complex): lunops.Tensor
---@operator sub(lunops.Tensor|number|lunops.Complex): lunops.Tensor
---@operator mul(lunops.Tensor|number|lunops.Complex): lunops.Tensor
---@operator div(lunops.Tensor|number|lunops.Complex): lunops.Tensor
---@operator pow(lunops.Tensor|number|lunops.Complex): lunops.Tensor
---@operator unm: lunops.Tensor
local Tensor = {}

--- The same elements with the dims in another order.
--- 
--- ```lua
--- print(lo.zeros "y=2 x=3":permute "x y".shape)  --> x=3 y=2
--- ```
---@param names string|string[] all dims in the new order
---@return lunops.Tensor # a view
function Tensor:permute(names) end

--- The same elements under other names, in one simultaneous substitution.
--- 
--- ```lua
--- print(lo.zeros "y=2 x=3":rename{ y = "x", x = "y" }.shape)  --> x=2 y=3
--- ```
---@param names table old name = new name
---@return lunops.Tensor # a view
function Tensor:rename(names) end

--- The same elements without names; such a tensor is matched by position.
--- 
--- ```lua
--- print(lo.zeros "y=2 x=3":unname().shape)  --> 2 3
--- ```
---@return lunops.Tensor # a view
function Tensor:unname() end

--- A copy with memory of its own.
--- 
--- ```lua
--- print(lo.ones("x=3"):clone():sum())  --> 3+0i
--- ```
---@return lunops.Tensor # a tensor
function Tensor:clone() end

--- The tensor itself if it lies row-major without gaps, else a copy that does.
--- 
--- ```lua
--- print(lo.zeros "y=2 x=3":permute "x y":contiguous().shape)  --> x=3 y=2
--- ```
---@return lunops.Tensor # a tensor
function Tensor:contiguous() end

--- A copy with another dtype; complex to real is an error naming x.real and x:abs().
--- 
--- ```lua
--- print(lo.ones("x=3", { dtype = "f32" }):as "f64".dtype)  --> f64
--- ```
---@param dtype string f32 f64 c64 c128 i32 i64 bool
---@return lunops.Tensor # a tensor; itself if it has that dtype
function Tensor:as(dtype) end

--- A copy on another device.
--- 
--- ```lua
--- print(lo.ones "x=3":to "cpu".device)  --> cpu
--- ```
---@param device string for example "cuda:0"
---@return lunops.Tensor # a tensor; itself if it lies there
function Tensor:to(device) end

--- Pins the tensor's memory on the host, so that copies to devices need no staging.
--- 
--- ```lua
--- print(lo.ones "x=3":pin().is_pinned)  --> true
--- ```
---@return any # the tensor
function Tensor:pin() end

--- The value of a tensor with one element.
--- 
--- ```lua
--- print(lo.full("x=1", 7, { dtype = "f32" }):item())  --> 7.0
--- ```
---@return any # a number, lo.complex or boolean
function Tensor:item() end

--- The elements as nested tables, the slowest dim outermost.
--- 
--- ```lua
--- print(lo.arange("y=2 x=2", { dtype = "i32" }):totable()[2][1])  --> 2
--- ```
---@return table # a table of numbers, lo.complex or booleans
function Tensor:totable() end

--- Writes a part in place.
--- 
--- ```lua
--- local x = lo.zeros("y=2 x=2", { dtype = "f32" })
--- x:set({ y = 1 }, 3)
--- print(x:sum())  --> 6.0
--- ```
---@param part table as in x{…}
---@param value any a tensor of the part's shape and dtype, or a number
---@return lunops.Tensor # x
function Tensor:set(part, value) end

--- Writes one value everywhere, in place.
--- 
--- ```lua
--- print(lo.zeros "x=3":fill(2):sum())  --> 6+0i
--- ```
---@param value number|lunops.Complex the value
---@return lunops.Tensor # x
function Tensor:fill(value) end

--- Writes the elements of another tensor, in place.
--- 
--- ```lua
--- print(lo.zeros "x=3":copy(lo.ones "x=3"):sum())  --> 3+0i
--- ```
---@param y lunops.Tensor a tensor of the same shape and dtype
---@return lunops.Tensor # x
function Tensor:copy(y) end

--- Adds a multiple of another tensor in place: x becomes x + a*y.
--- 
--- ```lua
--- print(lo.ones "x=3":axpy(2, lo.ones "x=3"):sum())  --> 9+0i
--- ```
---@param a number|lunops.Complex the factor
---@param y lunops.Tensor a tensor of the same shape and dtype
---@return lunops.Tensor # x
function Tensor:axpy(a, y) end

--- Multiplies by a number in place.
--- 
--- ```lua
--- print(lo.ones "x=3":scale(2):sum())  --> 6+0i
--- ```
---@param a number|lunops.Complex the factor
---@return lunops.Tensor # x
function Tensor:scale(a) end

---@class lunops.TensorSumOptions
---@field scalar? boolean false keeps a 0-dim tensor (default true)

--- The sum over dims, accumulated in double.
--- 
--- ```lua
--- print(lo.ones("y=2 x=3", { dtype = "f32" }):sum "x":totable()[1])  --> 3.0
--- ```
---@param dims? string|string[] dims that vanish (default all)
---@param options? lunops.TensorSumOptions
---@return lunops.Tensor # a tensor without these dims; over everything a number, lo.complex or boolean
function Tensor:sum(dims, options) end

---@class lunops.TensorMeanOptions
---@field scalar? boolean false keeps a 0-dim tensor (default true)

--- The mean over dims.
--- 
--- ```lua
--- print(lo.arange("x=3", { dtype = "f32" }):mean())  --> 1.0
--- ```
---@param dims? string|string[] dims that vanish (default all)
---@param options? lunops.TensorMeanOptions
---@return lunops.Tensor # a tensor without these dims; over everything a number, lo.complex or boolean
function Tensor:mean(dims, options) end

---@class lunops.TensorMinOptions
---@field scalar? boolean false keeps a 0-dim tensor (default true)

--- The least element over dims; real data.
--- 
--- ```lua
--- print(lo.arange("x=3", { dtype = "f32" }):min())  --> 0.0
--- ```
---@param dims? string|string[] dims that vanish (default all)
---@param options? lunops.TensorMinOptions
---@return lunops.Tensor # a tensor without these dims; over everything a number, lo.complex or boolean
function Tensor:min(dims, options) end

---@class lunops.TensorMaxOptions
---@field scalar? boolean false keeps a 0-dim tensor (default true)

--- The greatest element over dims; real data.
--- 
--- ```lua
--- print(lo.arange("x=3", { dtype = "f32" }):max())  --> 2.0
--- ```
---@param dims? string|string[] dims that vanish (default all)
---@param options? lunops.TensorMaxOptions
---@return lunops.Tensor # a tensor without these dims; over everything a number, lo.complex or boolean
function Tensor:max(dims, options) end

---@class lunops.TensorNormOptions
---@field scalar? boolean false keeps a 0-dim tensor (default true)

--- The 2-norm over dims.
--- 
--- ```lua
--- print(lo.tensor({ 3, 4 }, "x", { dtype = "f32" }):norm())  --> 5.0
--- ```
---@param dims? string|string[] dims that vanish (default all)
---@param options? lunops.TensorNormOptions
---@return lunops.Tensor # a tensor without these dims; over everything a number, lo.complex or boolean
function Tensor:norm(dims, options) end

---@class lunops.TensorAnyOptions
---@field scalar? boolean false keeps a 0-dim tensor (default true)

--- True where an element along the dims is not zero.
--- 
--- ```lua
--- print(lo.tensor({ false, true }, "x"):any())  --> true
--- ```
---@param dims? string|string[] dims that vanish (default all)
---@param options? lunops.TensorAnyOptions
---@return lunops.Tensor # a tensor without these dims; over everything a number, lo.complex or boolean
function Tensor:any(dims, options) end

---@class lunops.TensorAllOptions
---@field scalar? boolean false keeps a 0-dim tensor (default true)

--- True where no element along the dims is zero.
--- 
--- ```lua
--- print(lo.tensor({ false, true }, "x"):all())  --> false
--- ```
---@param dims? string|string[] dims that vanish (default all)
---@param options? lunops.TensorAllOptions
---@return lunops.Tensor # a tensor without these dims; over everything a number, lo.complex or boolean
function Tensor:all(dims, options) end

--- Absolute values.
--- 
--- ```lua
--- print(lo.full("x=1", lo.complex(3, 4)):abs():item())  --> 5.0
--- ```
---@return lunops.Tensor # a tensor of the same shape
function Tensor:abs() end

--- Phases in radians, in (-pi, pi].
--- 
--- ```lua
--- print(lo.full("x=1", 2):angle():item())  --> 0.0
--- ```
---@return lunops.Tensor # a tensor of the same shape
function Tensor:angle() end

--- Complex conjugates.
--- 
--- ```lua
--- print(lo.full("x=1", lo.i):conj():item())  --> 0-1i
--- ```
---@return lunops.Tensor # a tensor of the same shape
function Tensor:conj() end

--- Exponentials.
--- 
--- ```lua
--- print(lo.zeros("x=1", { dtype = "f64" }):exp():item())  --> 1.0
--- ```
---@return lunops.Tensor # a tensor of the same shape
function Tensor:exp() end

--- Square roots.
--- 
--- ```lua
--- print(lo.full("x=1", 9, { dtype = "f64" }):sqrt():item())  --> 3.0
--- ```
---@return lunops.Tensor # a tensor of the same shape
function Tensor:sqrt() end

--- True where an element is zero.
--- 
--- ```lua
--- print(lo.tensor({ true, false }, "x"):logical_not():totable()[2])  --> true
--- ```
---@return lunops.Tensor # a tensor of the same shape
function Tensor:logical_not() end

---@class lunops.Linop
---@field H lunops.Linop The adjoint; A.H.H is A.
---@field T lunops.Linop The transpose: the conjugate of the adjoint.
---@field N lunops.Linop The normal operator A.H * A, in the form that is cheapest to apply.
---@field signature lunops.Signature Input and output in normal form, with the extents known so far.
---@field ishape lunops.Shape The input with the extents known so far.
---@field oshape lunops.Shape The output with the extents known so far.
---@field dims string[] Input dims, then further output dims, with primes.
---@field inner string[] Inner dims that a split may name.
---@field extent lunops.Extents Extents by name; nil where not known yet.
---@field children lunops.Linop[] The operators that this one is made of.
---@field field string "complex" if the operator needs complex data, else "real".
---@field linear string "real" if the operator is linear over the real numbers only, else "complex".
---@field dtype string? The dtype that the weights fix, else nil.
---@field device string? The device that the weights fix, else nil.
---@field norm_bound number A bound on the square of the largest singular value, where one is known, else nil.
---@field kind string The class of the operator.
---@field threaded any Whether children whose results are joined run side by side, in Concat, Stack and tiled operators; an Add passes it on. May be set, for the operator with its modes, normals and tiles.
---@field num_workers any How many children run side by side at most; 0: one for each thread. May be set.
---@operator call(lunops.Tensor): lunops.Tensor
---@field trajectory lunops.Tensor The trajectory of a NUFFT, in cycles per field of view; nil for other operators.
---@field image_dims string[] The image dims of a NUFFT, in the order of the trajectory's components; else nil.
---@field parameters table What the last plan of a NUFFT chose; nil before one, and for other operators.
---@operator add(lunops.Linop|number|lunops.Complex): lunops.Linop
---@operator sub(lunops.Linop|number|lunops.Complex): lunops.Linop
---@operator mul(lunops.Tensor): lunops.Tensor
---@operator mul(lunops.Linop|number|lunops.Complex): lunops.Linop
---@operator div(lunops.Linop|number|lunops.Complex): lunops.Linop
---@operator pow(lunops.Linop|number|lunops.Complex): lunops.Linop
---@operator unm: lunops.Linop
---@field tiles table The tiles of a tiled operator with their places and devices; nil for others.
---@field placement table[] How input and output of a tiled operator lie along each cut dim: "replicate", "shard y" or "partial"; nil for others.
---@field estimate table What an application of a plan is expected to take; nil for other operators.
---@field measured any What the first application of a plan took; nil before it and for other operators.
---@field op lunops.Linop The tiled operator within a plan.
local Linop = {}

--- The conjugate operator: conj(A(conj(x))).
--- 
--- ```lua
--- print((lo.i*lo.Identity "x"):conj()(lo.ones "x=1"):item())  --> 0-1i
--- ```
---@return lunops.Linop # an operator
function Linop:conj() end

--- A.H * M * A, in the form that is cheapest to apply.
--- 
--- ```lua
--- local I = lo.Identity "x"
--- print((2*I):normal(3*I)(lo.ones "x=1"):item())  --> 12+0i
--- ```
---@param M lunops.Linop acts between A and A.H
---@return lunops.Linop # an operator
function Linop:normal(M) end

--- The number of blocks over each element of the array of ArrayToBlocks.
--- 
--- ```lua
--- local B = lo.ArrayToBlocks{ "x=6 -> b k", block = { x = 3 }, stride = { x = 1 } }
--- print(B:multiplicity():max())  --> 3.0
--- ```
---@return any # an f32 tensor over the array's dims
function Linop:multiplicity() end

--- The same operator under other dim names, in one simultaneous substitution.
--- 
--- ```lua
--- print(lo.Identity("x"):rename{ x = "y" }.ishape)  --> y
--- ```
---@param names table old name = new name
---@return lunops.Linop # an operator that shares all data
function Linop:rename(names) end

---@class lunops.LinopDenseOptions
---@field dtype? string precision of the matrix (default the operator's, else c64)

--- The operator as a matrix with dims (out, in').
--- 
--- ```lua
--- print(lo.Identity{ "n", extent = { n = 2 } }:dense():sum())  --> 2+0i
--- ```
---@param options? lunops.LinopDenseOptions
---@return lunops.Tensor # a tensor; refused above 2^24 elements
function Linop:dense(options) end

--- The sub-bands of a Wavelet as ranges, coarse to fine; level 1 is the finest.
--- 
--- ```lua
--- local W = lo.Wavelet{ "x", levels = 1, extent = { x = 16 } }
--- local d = W:bands()[2]
--- print(d.level, d.orientation, d.range.wx[1], d.range.wx[2])  --> 1	d	9	16
--- ```
---@return table[] # a list of { level, orientation, range }; "a" approximation, "d" details, by dim
function Linop:bands() end

---@class lunops.LinopApplyOptions
---@field out? lunops.Tensor where the result goes (default a new tensor)
---@field alpha? number|lunops.Complex factor of A(x) (default 1)
---@field beta? number|lunops.Complex factor of what out holds (default 0)

--- Applies into given memory: out becomes alpha*A(x) + beta*out.
--- 
--- ```lua
--- local I, y = lo.Identity "x", lo.ones "x=2"
--- I:apply(lo.ones "x=2", { out = y, alpha = 2, beta = 3 })
--- print(y:sum())  --> 10+0i
--- ```
---@param x lunops.Tensor the input
---@param options? lunops.LinopApplyOptions
---@return lunops.Tensor # out, or a new tensor
function Linop:apply(x, options) end

--- The same operator with other weights of the same shapes, or another name.
--- 
--- ```lua
--- local A = 2*lo.Diagonal{ lo.ones "x=3" }
--- local B = A:with{ ["2.weight"] = lo.full("x=3", 5), ["1.scalar"] = 3 }
--- print(B(lo.ones "x=3"):sum())  --> 45+0i
--- ```
---@param parts table weight = w, ["2.weight"] = w, scalar = s, name = "maps"
---@return lunops.Linop # an operator; what does not change is shared
function Linop:with(parts) end

--- The weights that the operator was given, by path.
--- 
--- ```lua
--- local A = 3*lo.Diagonal{ lo.ones "x=2" }
--- print(A:parts()["1.scalar"], A:parts()["2.weight"].shape)  --> 3.0	x=2
--- ```
---@return table # a table: weight, traj, scalar, in containers ["2.weight"]
function Linop:parts() end

--- The same operator with all its weights on another device.
--- 
--- ```lua
--- lo.virtual_devices{ cpu = 2 }
--- print(lo.Diagonal{ lo.ones "x=3" }:to("cpu:1").device)  --> cpu:1
--- ```
---@param device string for example "cuda:0"
---@return lunops.Linop # an operator; itself if they lie there
function Linop:to(device) end

---@class lunops.LinopVjpOptions
---@field only? table list of paths, and "x" for the first result (default all)

--- Gradients of Re<v, A x> with respect to x and to the weights of A.
--- 
--- ```lua
--- local D = lo.Diagonal{ lo.ones "x=2" }
--- local gx, gw = D:vjp(lo.full("x=2", 3), lo.full("x=2", 5))
--- print(gx:sum(), gw.weight:sum())  --> 10+0i	30+0i
--- ```
---@param x lunops.Tensor what A is applied to
---@param v lunops.Tensor like A(x)
---@param options? lunops.LinopVjpOptions
---@return any # A.H(v), and a table of gradients by path ("weight", "2.weight")
function Linop:vjp(x, v, options) end

---@class lunops.Timeline
---@field nodes table[] What was issued, in order.
local Timeline = {}

--- Whether streams and events alone order every access to memory.
--- 
--- ```lua
--- local T = lo.timeline(function() end)
--- print(T:check())  --> true
--- ```
---@return any # true
---@return any # or nil and a list of faults {text, first, second, buffer}, first and second being positions in T.nodes
function Timeline:check() end

--- How many nodes have all of these values.
--- 
--- ```lua
--- local T = lo.timeline(function() end)
--- print(T:count{ kind = "copy", device = "cpu" })  --> 0
--- ```
---@param filter? table some of kind, device, source, stream, operator, tile, event (default all)
---@return integer # an integer
function Timeline:count(filter) end

--- The time in which nodes of both kinds run, as a fraction of the shorter time.
--- 
--- ```lua
--- local T = lo.timeline(function() end)
--- print(T:overlap({ kind = "copy" }, { kind = "compute" }))  --> 0.0
--- ```
---@param a? table nodes, as for count (default all)
---@param b? table the others (default all)
---@return number # a number from 0 to 1
function Timeline:overlap(a, b) end

---@class lunops.Stages
---@operator call: any
local Stages = {}

--- Ends the running stage; seconds by stage.
--- 
--- ```lua
--- print(next(lo.stages():report()))  --> nil
--- ```
---@return table # a table
function Stages:report() end

---@class lunops
---@field i lunops.Complex the imaginary unit
---@field version string
local lo = {}
lo.io = {}
lo.metrics = {}
lo.mri = {}

--- Makes a complex number.
--- 
--- ```lua
--- print(lo.complex(2, 3))  --> 2+3i
--- print(lo.complex(0, 1) == lo.i)  --> true
--- ```
---@param re number real part
---@param im? number imaginary part (default 0)
---@return lunops.Complex # a complex scalar, for arithmetic with numbers, tensors and operators
function lo.complex(re, im) end

--- Parses a shape: named dims with extents, slowest first.
--- 
--- ```lua
--- local s = lo.shape "coil=8 y=256 x"
--- print(s, #s, s.extent.y)  --> coil=8 y=256 x	3	256
--- ```
---@param text string|lunops.Shape for example "coil=8 y=256 x"
---@return lunops.Shape # a Shape; extents that the text does not give are unknown
function lo.shape(text) end

--- Parses a signature: what an operator's string says, in normal form.
--- 
--- ```lua
--- print(lo.signature "y x -> coil y x".H)  --> coil y x -> y x
--- ```
---@param text string for example "y x -> coil y x"
---@return lunops.Signature # a Signature
function lo.signature(text) end

---@class lunops.ZerosOptions
---@field extent? table extents that the text leaves open
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes a tensor of zeros.
--- 
--- ```lua
--- print(lo.zeros "coil=8 x=3".shape)  --> coil=8 x=3
--- ```
---@param shape string|lunops.Shape dims with extents
---@param options? lunops.ZerosOptions
---@return lunops.Tensor # a tensor
function lo.zeros(shape, options) end

---@class lunops.OnesOptions
---@field extent? table extents that the text leaves open
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes a tensor of ones.
--- 
--- ```lua
--- print(lo.ones("x=3", { dtype = "f32" }):sum())  --> 3.0
--- ```
---@param shape string|lunops.Shape dims with extents
---@param options? lunops.OnesOptions
---@return lunops.Tensor # a tensor
function lo.ones(shape, options) end

---@class lunops.FullOptions
---@field extent? table extents that the text leaves open
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes a tensor with one value everywhere.
--- 
--- ```lua
--- print(lo.full("x=2", lo.complex(1, 2)):sum())  --> 2+4i
--- ```
---@param shape string|lunops.Shape dims with extents
---@param value number|lunops.Complex the value
---@param options? lunops.FullOptions
---@return lunops.Tensor # a tensor
function lo.full(shape, value, options) end

---@class lunops.EmptyOptions
---@field extent? table extents that the text leaves open
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes a tensor whose values are whatever the memory held.
--- 
--- ```lua
--- print(lo.empty "x=3".count)  --> 3
--- ```
---@param shape string|lunops.Shape dims with extents
---@param options? lunops.EmptyOptions
---@return lunops.Tensor # a tensor
function lo.empty(shape, options) end

---@class lunops.ArangeOptions
---@field extent? table extents that the text leaves open
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes a tensor that counts its elements from 0.
--- 
--- ```lua
--- print(lo.arange("x=5", { dtype = "f64" }):totable()[5])  --> 4.0
--- ```
---@param shape string|lunops.Shape dims with extents
---@param options? lunops.ArangeOptions
---@return lunops.Tensor # a tensor
function lo.arange(shape, options) end

---@class lunops.EyeOptions
---@field extent? table extents that the text leaves open
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes an identity matrix: "n=3" gives dims n and n'.
--- 
--- ```lua
--- print(lo.eye "n=3".shape)  --> n=3 n'=3
--- ```
---@param shape string|lunops.Shape one dim with its extent
---@param options? lunops.EyeOptions
---@return lunops.Tensor # a tensor
function lo.eye(shape, options) end

---@class lunops.RandOptions
---@field seed? integer the same seed gives the same numbers (default the state's counter)
---@field extent? table extents that the text leaves open
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes a tensor of uniform random numbers in [0, 1), complex in both parts.
--- 
--- ```lua
--- print(lo.allclose(lo.rand("x=3", { seed = 1 }), lo.rand("x=3", { seed = 1 })))  --> true
--- ```
---@param shape string|lunops.Shape dims with extents
---@param options? lunops.RandOptions
---@return lunops.Tensor # a tensor
function lo.rand(shape, options) end

---@class lunops.RandnOptions
---@field seed? integer the same seed gives the same numbers (default the state's counter)
---@field extent? table extents that the text leaves open
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes a tensor of normal random numbers; complex ones have E|z|^2 = 1.
--- 
--- ```lua
--- print(lo.randn("x=5", { seed = 1 }).shape)  --> x=5
--- ```
---@param shape string|lunops.Shape dims with extents
---@param options? lunops.RandnOptions
---@return lunops.Tensor # a tensor
function lo.randn(shape, options) end

---@class lunops.TensorOptions
---@field dtype? string f32 f64 c64 c128 i32 i64 bool (default c64)
---@field device? string where the tensor lies (default cpu)

--- Makes a tensor from nested tables of numbers, lo.complex or booleans.
--- 
--- ```lua
--- local x = lo.tensor({{1, 2}, {3, 4}}, "y x", { dtype = "f32" })
--- print(x.shape, x:sum())  --> y=2 x=2	10.0
--- ```
---@param values any nested tables, the slowest dim outermost
---@param names? string for example "y x"
---@param options? lunops.TensorOptions
---@return lunops.Tensor # a tensor; without names its dims are unnamed
function lo.tensor(values, names, options) end

--- Makes a tensor of zeros with the shape, dtype and device of another.
--- 
--- ```lua
--- print(lo.zeros_like(lo.ones("x=2", { dtype = "f64" })).dtype)  --> f64
--- ```
---@param x lunops.Tensor the example
---@return lunops.Tensor # a tensor
function lo.zeros_like(x) end

--- Makes a tensor of ones with the shape, dtype and device of another.
--- 
--- ```lua
--- print(lo.ones_like(lo.zeros("x=2", { dtype = "i32" })):sum())  --> 2
--- ```
---@param x lunops.Tensor the example
---@return lunops.Tensor # a tensor
function lo.ones_like(x) end

--- True where x < y.
--- 
--- ```lua
--- print(lo.lt(lo.arange("x=4", { dtype = "f32" }), 2):sum())  --> 2
--- ```
---@param x any a tensor or number
---@param y any a tensor or number
---@return lunops.Tensor # a tensor of bool
function lo.lt(x, y) end

--- True where x <= y.
--- 
--- ```lua
--- print(lo.le(lo.arange("x=4", { dtype = "f32" }), 2):sum())  --> 3
--- ```
---@param x any a tensor or number
---@param y any a tensor or number
---@return lunops.Tensor # a tensor of bool
function lo.le(x, y) end

--- True where x > y.
--- 
--- ```lua
--- print(lo.gt(lo.arange("x=4", { dtype = "f32" }), 2):sum())  --> 1
--- ```
---@param x any a tensor or number
---@param y any a tensor or number
---@return lunops.Tensor # a tensor of bool
function lo.gt(x, y) end

--- True where x >= y.
--- 
--- ```lua
--- print(lo.ge(lo.arange("x=4", { dtype = "f32" }), 2):sum())  --> 2
--- ```
---@param x any a tensor or number
---@param y any a tensor or number
---@return lunops.Tensor # a tensor of bool
function lo.ge(x, y) end

--- True where x = y.
--- 
--- ```lua
--- print(lo.eq(lo.arange("x=4", { dtype = "f32" }), 2):sum())  --> 1
--- ```
---@param x any a tensor or number
---@param y any a tensor or number
---@return lunops.Tensor # a tensor of bool
function lo.eq(x, y) end

--- True where x differs from y.
--- 
--- ```lua
--- print(lo.ne(lo.arange("x=4", { dtype = "f32" }), 2):sum())  --> 3
--- ```
---@param x any a tensor or number
---@param y any a tensor or number
---@return lunops.Tensor # a tensor of bool
function lo.ne(x, y) end

--- Takes elements of a where the mask is true, else of b; broadcasts by name.
--- 
--- ```lua
--- local x = lo.arange("x=4", { dtype = "f32" })
--- print(lo.where(lo.lt(x, 2), 0, x):sum())  --> 5.0
--- ```
---@param mask lunops.Tensor a tensor of bool
---@param a any a tensor or number
---@param b any a tensor or number
---@return lunops.Tensor # a tensor
function lo.where(mask, a, b) end

--- The inner product: the sum of conj(x)*y, in double.
--- 
--- ```lua
--- print(lo.dot(lo.full("x=2", lo.i), lo.ones "x=2"))  --> 0-2i
--- ```
---@param x lunops.Tensor a tensor
---@param y lunops.Tensor a tensor of the same shape
---@return number|lunops.Complex # a number, or lo.complex for complex data
function lo.dot(x, y) end

---@class lunops.RearrangeFunctionOptions
---@field extent? table extents of new or split dims

--- Reorders, splits and merges named dims.
--- 
--- ```lua
--- print(lo.rearrange(lo.ones "coil=2 x=6", "coil (x b=3) -> x coil b").shape)  --> x=2 coil=2 b=3
--- ```
---@param x lunops.Tensor the input
---@param pattern string for example "coil y x -> coil (y x)"
---@param options? lunops.RearrangeFunctionOptions
---@return lunops.Tensor # a view where strides allow, otherwise a copy
function lo.rearrange(x, pattern, options) end

---@class lunops.ReduceOptions
---@field extent? table extents of new or split dims

--- Rearranges and reduces over the names missing on the right.
--- 
--- ```lua
--- print(lo.reduce(lo.ones "coil=2 x=3", "coil x -> x", "sum").shape)  --> x=3
--- ```
---@param x lunops.Tensor the input
---@param pattern string for example "coil y x -> y x"
---@param op string sum mean min max norm any all
---@param options? lunops.ReduceOptions
---@return lunops.Tensor # a tensor
function lo.reduce(x, pattern, op, options) end

---@class lunops.ExpandOptions
---@field extent? table extents of new or split dims

--- Rearranges and repeats along the names that are new on the right.
--- 
--- ```lua
--- print(lo.expand(lo.ones "x=3", "x -> coil x", { extent = { coil = 2 } }).shape)  --> coil=2 x=3
--- ```
---@param x lunops.Tensor the input
---@param pattern string for example "y x -> coil=8 y x"
---@param options? lunops.ExpandOptions
---@return lunops.Tensor # a view with stride 0 along new dims
function lo.expand(x, pattern, options) end

--- Contracts tensors over the names that the output lacks; never conjugates.
--- 
--- ```lua
--- print(lo.einsum("m n, n -> m", lo.ones "m=2 n=3", lo.ones "n=3"):sum())  --> 6+0i
--- ```
---@param text string for example "coil y x, coil y x -> y x"
---@param operands lunops.Tensor one tensor for each part left of ->
---@return lunops.Tensor # a tensor
function lo.einsum(text, operands) end

---@class lunops.AllcloseOptions
---@field rtol? number relative to |b| (default 1e-5)
---@field atol? number absolute (default 0)

--- True if |a - b| <= atol + rtol*|b| everywhere.
--- 
--- ```lua
--- print(lo.allclose(lo.ones "x=3", lo.ones "x=3" * 1.1))  --> false	largest difference 0.1 at {x=1}
--- ```
---@param a lunops.Tensor a tensor
---@param b lunops.Tensor a tensor of the same shape: the reference
---@param options? lunops.AllcloseOptions
---@return boolean # a boolean; if false also a text with the largest difference and where it is
function lo.allclose(a, b, options) end

--- Expands the compact form of a string: a name starts at each capital.
--- 
--- ```lua
--- print(lo.dim "CNxNy")  --> C Nx Ny
--- ```
---@param text string for example "MN,N->M"
---@return string # a string
function lo.dim(text) end

--- Matches two patterns of dims and tells what their variables stand for.
--- 
--- ```lua
--- print(lo.match("a ... c", "a b c")["..."])  --> b
--- ```
---@param p string for example "a ... c"
---@param q string another
---@return table? # two tables of bindings, those of p and of q; or nil and the reason
function lo.match(p, q) end

--- A linear combination of tensors, made without temporaries.
--- 
--- ```lua
--- local x = lo.ones("x=3", { dtype = "f32" })
--- print(lo.lincomb{ { 2, x }, { -1, x } }:sum())  --> 3.0
--- ```
---@param terms table { { number, tensor }, … } of one shape and dtype
---@return lunops.Tensor # a new tensor
function lo.lincomb(terms) end

--- Repeats a tensor along a new, slowest dim.
--- 
--- ```lua
--- print(lo.tile(lo.ones "x=3", "coil", 2).shape)  --> coil=2 x=3
--- ```
---@param x lunops.Tensor the input
---@param dim string name of the new dim
---@param count integer its extent
---@return lunops.Tensor # a copy; lo.expand gives a view
function lo.tile(x, dim, count) end

---@class lunops.IdentityOptions
---@field [1]? string dims; default any
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The operator that returns its input.
--- 
--- Dims `y x`; `A.H`: itself; `A.N`: itself.
--- 
--- ```lua
--- print(lo.Identity "x"(lo.ones "x=3"):sum())  --> 3+0i
--- ```
---@param given lunops.IdentityOptions|string
---@return lunops.Linop
function lo.Identity(given) end

---@class lunops.ZeroOptions
---@field [1] string "n -> m k"
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The operator whose result is zero.
--- 
--- Dims `n -> m k`; `A.H`: Zero with the sides exchanged; `A.N`: Zero on the input.
--- 
--- ```lua
--- print(lo.Zero{ "n -> m", extent = { m = 2 } }(lo.ones "n=3").shape)  --> m=2
--- ```
---@param given lunops.ZeroOptions|string
---@return lunops.Linop
function lo.Zero(given) end

---@class lunops.ScalarOptions
---@field [1] number|lunops.Complex the number
---@field [2]? string dims; default any
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Multiplies by a number; usually written s * A.
--- 
--- Dims `...`; `A.H`: the conjugate number; `A.N`: the squared modulus.
--- 
--- ```lua
--- print(lo.Scalar{ lo.complex(2, 3) }.H(lo.ones "x=1"):item())  --> 2-3i
--- ```
---@param given lunops.ScalarOptions
---@return lunops.Linop
function lo.Scalar(given) end

---@class lunops.DiagonalOptions
---@field [1] lunops.Tensor some of the dims, addressed by name
---@field [2]? string all dims; default the weight's
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Multiplies element by element with a weight, broadcast over dims it lacks.
--- 
--- Dims `coil y x`; `A.H`: the conjugate weight; `A.N`: Diagonal of |weight|^2.
--- 
--- ```lua
--- local w = lo.tensor({ 4, 9 }, "x", { dtype = "f32" })
--- print((lo.Diagonal{ w } ^ 0.5)(lo.ones("x=2", { dtype = "f32" })):sum())  --> 5.0
--- ```
---@param given lunops.DiagonalOptions
---@return lunops.Linop
function lo.Diagonal(given) end

---@class lunops.DenseOptions
---@field [1] lunops.Tensor its dims are addressed by name
---@field [2]? string "y x -> coil y x" or "m n, n -> m"
---@field normal? string of A.N: fused, pair, or auto by cost (default auto)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Multiplies with a weight and sums over the dims that the output lacks.
--- 
--- Dims `y x -> coil y x`; `A.H`: the conjugate weight, summed over the dims that the input lacks; `A.N`: one Dense or Diagonal with the Gram weights, or the pair, by cost.
--- 
--- ```lua
--- local W = lo.tensor({ { 1, 2 }, { 3, 4 }, { 5, 6 } }, "m n", { dtype = "f32" })
--- print(lo.Dense{ W, "m n, n -> m" }(lo.ones("n=2", { dtype = "f32" })):sum())  --> 21.0
--- ```
---@param given lunops.DenseOptions
---@return lunops.Linop
function lo.Dense(given) end

---@class lunops.LowRankOptions
---@field [1] lunops.Tensor the output dims, a rank dim, and kept dims if it varies
---@field [2] lunops.Tensor the input dims and the same rank dim
---@field [3] string "n -> m"
---@field s? lunops.Tensor singular values, over the rank dim (default ones)
---@field orthonormal? boolean the columns of U and V are; this is checked (default false)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Multiplies with U diag(s) V^H without forming the matrix.
--- 
--- Dims `n -> m`; `A.H`: V diag(conj(s)) U^H; `A.N`: V G V^H with a small matrix G = diag(conj(s)) U^H U diag(s).
--- 
--- ```lua
--- local U = lo.tensor({ { 1 }, { 2 } }, "m rank", { dtype = "f32" })
--- local V = lo.tensor({ { 1 }, { 1 } }, "n rank", { dtype = "f32" })
--- print(lo.LowRank{ U, V, "n -> m" }(lo.ones("n=2", { dtype = "f32" })):sum())  --> 6.0
--- ```
---@param given lunops.LowRankOptions
---@return lunops.Linop
function lo.LowRank(given) end

---@class lunops.SparseOptions
---@field [1] table { rowptr =, col =, value = }, or { row =, col =, value = }, whose duplicates add; indices count from 1, row-major over the dims of a side
---@field [2] string "y x -> ray", with all extents
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Multiplies with a sparse matrix over all input dims and all output dims.
--- 
--- Dims `y x -> ray`; `A.H`: by the stored transpose; `A.N`: the composition.
--- 
--- ```lua
--- local f32, i32 = { dtype = "f32" }, { dtype = "i32" }
--- local A = lo.Sparse{
---   {
---     rowptr = lo.tensor({ 1, 2, 4 }, "p", i32),
---     col = lo.tensor({ 2, 1, 3 }, "k", i32),
---     value = lo.tensor({ 2, 1, 3 }, "k", f32),
---   },
---   "x=3 -> row=2",
--- }
--- print(A(lo.ones("x=3", f32)):sum())  --> 6.0
--- ```
---@param given lunops.SparseOptions
---@return lunops.Linop
function lo.Sparse(given) end

---@class lunops.KroneckerOptions
---@field [1] lunops.Linop acts on the first dims
---@field [2] lunops.Linop acts on the last dims
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Two operators side by side, each on dims of its own.
--- 
--- Dims `a b -> c d`; `A.H`: the product of the adjoints; `A.N`: the product of the normals.
--- 
--- ```lua
--- local K = lo.Kronecker{ lo.FFT "y -> ky", lo.FFT "x -> kx" }
--- print(K.signature)  --> y x -> ky kx
--- ```
---@param given lunops.KroneckerOptions
---@return lunops.Linop
function lo.Kronecker(given) end

---@class lunops.PadOptions
---@field [1] string the dims that grow are primed on the output
---@field to? table new extents by dim
---@field scale? number new extents as multiples of the old
---@field at? string centre, start or end (default centre)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Surrounds with zeros.
--- 
--- Dims `y x -> y' x'`; `A.H`: Crop; `A.N`: the identity.
--- 
--- ```lua
--- print(lo.Pad{ "x -> x'", to = { x = 6 } }(lo.ones "x=4").shape)  --> x=6
--- ```
---@param given lunops.PadOptions|string
---@return lunops.Linop
function lo.Pad(given) end

---@class lunops.CropOptions
---@field [1] string the dims that shrink are primed on the output
---@field to? table new extents by dim
---@field scale? number new extents as multiples of the old
---@field at? string centre, start or end (default centre)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Cuts out a part.
--- 
--- Dims `y x -> y' x'`; `A.H`: Pad; `A.N`: Diagonal of zeros and ones.
--- 
--- ```lua
--- print(lo.Crop{ "x -> x'", to = { x = 2 } }(lo.ones "x=4").shape)  --> x=2
--- ```
---@param given lunops.CropOptions|string
---@return lunops.Linop
function lo.Crop(given) end

---@class lunops.PadDimOptions
---@field [1] string the dims in 'to' are primed on the output
---@field to? table new extents by dim
---@field scale? number new extents as multiples of the old
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Appends zeros: Pad with at = "start".
--- 
--- Dims `y x -> y' x'`; `A.H`: Truncate; `A.N`: the identity.
--- 
--- ```lua
--- local x = lo.tensor({ 5, 6 }, "x", { dtype = "f32" })
--- print(table.concat(lo.PadDim{ "x", to = { x = 3 } }(x):totable(), " "))  --> 5.0 6.0 0.0
--- ```
---@param given lunops.PadDimOptions|string
---@return lunops.Linop
function lo.PadDim(given) end

---@class lunops.TruncateOptions
---@field [1] string the dims in 'to' are primed on the output
---@field to? table new extents by dim
---@field scale? number new extents as multiples of the old
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Keeps the first elements: Crop with at = "start".
--- 
--- Dims `y x -> y' x'`; `A.H`: PadDim; `A.N`: Diagonal of zeros and ones.
--- 
--- ```lua
--- local x = lo.tensor({ 5, 6, 7 }, "x", { dtype = "f32" })
--- print(table.concat(lo.Truncate{ "x", to = { x = 2 } }(x):totable(), " "))  --> 5.0 6.0
--- ```
---@param given lunops.TruncateOptions|string
---@return lunops.Linop
function lo.Truncate(given) end

---@class lunops.RenameOptions
---@field [1] string equal rank on both sides
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Gives the dims other names, by position; no data move.
--- 
--- Dims `y x -> ky kx`; `A.H`: the names exchanged back; `A.N`: the identity.
--- 
--- ```lua
--- print(lo.Rename "n -> m"(lo.ones "n=2").shape)  --> m=2
--- ```
---@param given lunops.RenameOptions|string
---@return lunops.Linop
function lo.Rename(given) end

---@class lunops.PermuteOptions
---@field [1] string the same dims on both sides
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Puts the dims in another order.
--- 
--- Dims `coil y x -> y x coil`; `A.H`: the inverse order; `A.N`: the identity.
--- 
--- ```lua
--- local x = lo.tensor({ { 1, 2, 3 }, { 4, 5, 6 } }, "a b")
--- print(lo.Permute "a b -> b a"(x).shape)  --> b=3 a=2
--- ```
---@param given lunops.PermuteOptions|string
---@return lunops.Linop
function lo.Permute(given) end

---@class lunops.RearrangeOptions
---@field [1] string a rearrange pattern
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Splits, permutes and merges dims by a pattern.
--- 
--- Dims `y -> by yo`; `A.H`: the pattern reversed; `A.N`: the identity.
--- 
--- ```lua
--- local A = lo.Rearrange{ "(a b) c -> a b c", extent = { a = 2, b = 3 } }
--- print(A(lo.ones "a_b=6 c=1").shape)  --> a=2 b=3 c=1
--- ```
---@param given lunops.RearrangeOptions|string
---@return lunops.Linop
function lo.Rearrange(given) end

---@class lunops.SumReduceOptions
---@field [1] string "a b -> a"
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Sums over the dims that the output lacks.
--- 
--- Dims `a b -> a`; `A.H`: Repeat; `A.N`: every element becomes the sum over those dims.
--- 
--- ```lua
--- print(lo.SumReduce "a b -> a"(lo.ones "a=2 b=3"):sum())  --> 6+0i
--- ```
---@param given lunops.SumReduceOptions|string
---@return lunops.Linop
function lo.SumReduce(given) end

---@class lunops.RepeatOptions
---@field [1] string "a -> a b"; new dims need extents
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Copies along new dims; a view where the next operator takes one.
--- 
--- Dims `a -> a b`; `A.H`: SumReduce; `A.N`: the number of copies times the identity.
--- 
--- ```lua
--- local A = lo.Repeat{ "a -> a b", extent = { b = 3 } }
--- print(A(lo.ones "a=2").shape)  --> a=2 b=3
--- ```
---@param given lunops.RepeatOptions|string
---@return lunops.Linop
function lo.Repeat(given) end

---@class lunops.SliceOptions
---@field [1] string dims with a range are primed on the output
---@field range? table by dim: {first, last}, {first, last, step}, or a number to drop it
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Takes ranges of dims, every step-th element, or one element.
--- 
--- Dims `coil y x -> y' x'`; `A.H`: Embed; `A.N`: Diagonal of zeros and ones.
--- 
--- ```lua
--- local x = lo.tensor({ 5, 6, 7, 8 }, "x", { dtype = "f32" })
--- print(table.concat(lo.Slice{ "x", range = { x = { 2, 3 } } }(x):totable(), " "))  --> 6.0 7.0
--- ```
---@param given lunops.SliceOptions|string
---@return lunops.Linop
function lo.Slice(given) end

---@class lunops.EmbedOptions
---@field [1] string the dims of the larger side
---@field range? table by dim: {first, last}, {first, last, step}, or a number to drop it
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Writes into ranges of dims of zeros: the adjoint of Slice.
--- 
--- Dims `y x -> y' x'`; `A.H`: Slice; `A.N`: the identity.
--- 
--- ```lua
--- local A = lo.Embed{ "x", range = { x = { 2, 3 } }, extent = { x = 4 } }
--- local x = lo.tensor({ 6, 7 }, "x", { dtype = "f32" })
--- print(table.concat(A(x):totable(), " "))  --> 0.0 6.0 7.0 0.0
--- ```
---@param given lunops.EmbedOptions|string
---@return lunops.Linop
function lo.Embed(given) end

---@class lunops.FlipOptions
---@field [1] string flipped dims are primed on the output
---@field dims? string|string[] the dims to flip
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Reverses the order of elements along dims.
--- 
--- Dims `y x -> y x'`; `A.H`: itself, sides exchanged; `A.N`: the identity.
--- 
--- ```lua
--- local x = lo.tensor({ 1, 2, 3 }, "x", { dtype = "f32" })
--- print(table.concat(lo.Flip{ "x", dims = "x" }(x):totable(), " "))  --> 3.0 2.0 1.0
--- ```
---@param given lunops.FlipOptions|string
---@return lunops.Linop
function lo.Flip(given) end

---@class lunops.RollOptions
---@field [1] string rolled dims are primed on the output
---@field shift? table by dim: how far, in elements; any whole number
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Shifts along dims; what leaves at the end comes in at the start.
--- 
--- Dims `y x -> y x'`; `A.H`: the opposite shift; `A.N`: the identity.
--- 
--- ```lua
--- local x = lo.tensor({ 1, 2, 3, 4 }, "x", { dtype = "f32" })
--- print(table.concat(lo.Roll{ "x", shift = { x = 1 } }(x):totable(), " "))  --> 4.0 1.0 2.0 3.0
--- ```
---@param given lunops.RollOptions|string
---@return lunops.Linop
function lo.Roll(given) end

---@class lunops.SamplingOptions
---@field [1] any integers from 1 whose last dim has one entry for each grid dim, a list of tensors, one for each grid dim, or a bool mask over the grid, read row by row
---@field [2] string "y x -> sample"
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Reads a grid at listed points.
--- 
--- Dims `y x -> sample`; `A.H`: adds the samples to their points, in a fixed order; `A.N`: Diagonal of how often each point is listed.
--- 
--- ```lua
--- local idx = lo.tensor({ 2, 2, 4 }, "sample", { dtype = "i32" })
--- local S = lo.Sampling{ { idx }, "x=4 -> sample" }
--- print(S(lo.arange "x=4"):sum())  --> 5+0i
--- ```
---@param given lunops.SamplingOptions
---@return lunops.Linop
function lo.Sampling(given) end

---@class lunops.ArrayToBlocksOptions
---@field [1] string "y x -> by bx ky kx": counts, then offsets in the block; with a mask "y x -> by bx k"
---@field block? table extents of a block by array dim
---@field stride? table steps between blocks by array dim
---@field mask? lunops.Tensor bool, over a block: the entries to keep
---@field tail? string drop what no block covers, or pad with zeros (default drop)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Takes blocks out of an array; they may overlap.
--- 
--- Dims `y x -> by bx ky kx`; `A.H`: BlocksToArray; `A.N`: Diagonal of the number of blocks over each element.
--- 
--- ```lua
--- local B = lo.ArrayToBlocks{ "x=6 -> b k", block = { x = 3 }, stride = { x = 2 } }
--- print(B(lo.ones "x=6").shape)  --> b=2 k=3
--- ```
---@param given lunops.ArrayToBlocksOptions|string
---@return lunops.Linop
function lo.ArrayToBlocks(given) end

---@class lunops.BlocksToArrayOptions
---@field [1] string "by bx ky kx -> y x", with the extents of the array
---@field block? table extents of a block by array dim
---@field stride? table steps between blocks by array dim
---@field mask? lunops.Tensor bool, over a block: the entries to keep
---@field tail? string drop what no block covers, or pad with zeros (default drop)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Adds blocks up to an array, each at its place.
--- 
--- Dims `by bx ky kx -> y x`; `A.H`: ArrayToBlocks; `A.N`: the composition.
--- 
--- ```lua
--- local B = lo.BlocksToArray{ "b k -> x=6", block = { x = 3 }, stride = { x = 2 } }
--- print(B(lo.ones "b=2 k=3"):sum())  --> 6+0i
--- ```
---@param given lunops.BlocksToArrayOptions|string
---@return lunops.Linop
function lo.BlocksToArray(given) end

---@class lunops.RealOptions
---@field [1]? string the dims, all kept; default any
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The real part of complex data; linear over the real numbers only.
--- 
--- Dims `y x`; `A.H`: v + 0i, for the real part of the inner product; `A.N`: the projection to x.re + 0i.
--- 
--- ```lua
--- local x = lo.tensor({ lo.complex(1, 2), lo.complex(3, -1) }, "x")
--- print(lo.Real "x"(x):sum())  --> 4.0
--- ```
---@param given lunops.RealOptions|string
---@return lunops.Linop
function lo.Real(given) end

---@class lunops.ImagOptions
---@field [1]? string the dims, all kept; default any
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The imaginary part of complex data; linear over the real numbers only.
--- 
--- Dims `y x`; `A.H`: i v, for the real part of the inner product; `A.N`: the projection to 0 + i x.im.
--- 
--- ```lua
--- local v = lo.tensor({ 1, 2 }, "x", { dtype = "f32" })
--- print(lo.Imag "x".H(v):sum())  --> 0+3i
--- ```
---@param given lunops.ImagOptions|string
---@return lunops.Linop
function lo.Imag(given) end

---@class lunops.ConjOptions
---@field [1]? string the dims, all kept; default any
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Conjugates complex data; linear over the real numbers only.
--- 
--- Dims `y x`; `A.H`: itself, for the real part of the inner product; `A.N`: the identity.
--- 
--- ```lua
--- print(lo.Conj "x"(lo.full("x=1", lo.complex(3, -1))):item())  --> 3+1i
--- ```
---@param given lunops.ConjOptions|string
---@return lunops.Linop
function lo.Conj(given) end

---@class lunops.CastOptions
---@field [1]? string the dims, all kept; default any
---@field to? string f32, f64, c64 or c128
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Changes the precision, never from complex to real or back.
--- 
--- Dims `y x`; `A.H`: casts back; `A.N`: the identity where the precision grows.
--- 
--- ```lua
--- local x = lo.full("x=1", 0.1, { dtype = "f32" })
--- print(("%.11f"):format(lo.Cast{ "x", to = "f64" }(x):item()))  --> 0.10000000149
--- ```
---@param given lunops.CastOptions|string
---@return lunops.Linop
function lo.Cast(given) end

---@class lunops.FFTOptions
---@field [1] string "y x -> ky kx"
---@field norm? string ortho, backward or forward (default ortho)
---@field centred? boolean the origin is at index floor(N/2) (default true)
---@field inverse? boolean the other sign; undoes the same norm (default false)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The centred, orthonormal Fourier transform of the dims that differ.
--- 
--- Dims `y x -> ky kx`; `A.H`: the other sign with the same factor: the inverse for ortho only; `A.N`: a multiple of the identity, exactly 1 for ortho.
--- 
--- ```lua
--- local F = lo.FFT "x -> k"
--- print(lo.allclose(F.H(F(lo.ones "x=4")), lo.ones "x=4"))  --> true
--- ```
---@param given lunops.FFTOptions|string
---@return lunops.Linop
function lo.FFT(given) end

---@class lunops.InterpolateOptions
---@field [1] lunops.Tensor positions in grid units, 0 on the first grid point
---@field [2] string "y x -> sample"
---@field kernel? string kaiser_bessel or linear (default kaiser_bessel)
---@field width? number|table in grid units, for all dims or by dim (default 4)
---@field beta? number|table shape of kaiser_bessel, likewise (default by width and oversamp)
---@field oversamp? number|table what the default beta is for (default 2)
---@field boundary? string circular, or zero: terms outside are dropped (default circular)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Values of a grid at positions between its points, by a short kernel.
--- 
--- Dims `y x -> sample`; `A.H`: Gridding with the same values; `A.N`: the pair.
--- 
--- ```lua
--- local t = lo.tensor({ { 3 }, { 3.25 } }, "sample d", { dtype = "f64" })
--- local A = lo.Interpolate{ t, "x -> sample", extent = { x = 8 }, kernel = "linear", width = 2 }
--- print(table.concat(A(lo.arange("x=8", { dtype = "f64" })):totable(), " "))  --> 3.0 3.25
--- ```
---@param given lunops.InterpolateOptions
---@return lunops.Linop
function lo.Interpolate(given) end

---@class lunops.GriddingOptions
---@field [1] lunops.Tensor positions in grid units, 0 on the first grid point
---@field [2] string "sample -> y x"
---@field kernel? string kaiser_bessel or linear (default kaiser_bessel)
---@field width? number|table in grid units, for all dims or by dim (default 4)
---@field beta? number|table shape of kaiser_bessel, likewise (default by width and oversamp)
---@field oversamp? number|table what the default beta is for (default 2)
---@field boundary? string circular, or zero: terms outside are dropped (default circular)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Adds samples to a grid around their positions, by a short kernel.
--- 
--- Dims `sample -> y x`; `A.H`: Interpolate with the same values; `A.N`: the pair.
--- 
--- ```lua
--- local t = lo.tensor({ { 3.25 } }, "sample d", { dtype = "f64" })
--- local A = lo.Gridding{ t, "sample -> x", extent = { x = 5 }, kernel = "linear", width = 2 }
--- print(table.concat(A(lo.ones("sample=1", { dtype = "f64" })):totable(), " "))  --> 0.0 0.0 0.0 0.75 0.25
--- ```
---@param given lunops.GriddingOptions
---@return lunops.Linop
function lo.Gridding(given) end

---@class lunops.NUFFTOptions
---@field [1] lunops.Tensor one dim holds the components, in the image's order
---@field [2] string "y x -> spoke sample"
---@field tol? number relative error (default 1e-4 for c64, 1e-9 for c128)
---@field width? number width of the kernel in grid cells (default by tol)
---@field oversamp? number|table oversampling, for all dims or by dim (default by tol)
---@field grid? table extents of the oversampled grid (default by tol)
---@field units? string cycles, radians or normalized (default cycles)
---@field mode? string interpolate, or nearest: samples of the oversampled grid (default interpolate)
---@field counts? lunops.Tensor points that exist, by frame: the first ones (default all)
---@field toeplitz? string|boolean form of the normal operator (default auto)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The non-uniform Fourier transform at the points of a trajectory.
--- 
--- Dims `y x -> spoke sample`; `A.H`: the exact transpose: spreading, FFT, deconvolution; `A.N`: a Toeplitz operator or the pair, by cost.
--- 
--- ```lua
--- local traj = lo.tensor({ { 0 }, { 1 } }, "sample d", { dtype = "f32" })
--- local F = lo.NUFFT{ traj, "x -> sample", extent = { x = 16 } }
--- print(("%.3f"):format(F(lo.ones "x=16"){ sample = 1 }:item().re))  --> 4.000
--- ```
---@param given lunops.NUFFTOptions
---@return lunops.Linop
function lo.NUFFT(given) end

---@class lunops.ConvolutionOptions
---@field [1] lunops.Tensor its dims are addressed by name
---@field [2]? string "y x" or "cin y x -> cout y' x'"; default the kernel's dims
---@field boundary? string zero or circular (default zero)
---@field method? string direct, fft, or auto by cost (default auto)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Convolves dims with a kernel, whose centre is at floor(K/2); channels may mix.
--- 
--- Dims `y x`; `A.H`: correlation with the conjugate kernel, same boundary; `A.N`: circular: convolution with the autocorrelation; zero: the composition.
--- 
--- ```lua
--- local k = lo.tensor({ 1, 2, 3 }, "x", { dtype = "f32" })
--- local x = lo.tensor({ 1, 0, 0, 2, 0 }, "x", { dtype = "f32" })
--- print(lo.Convolution{ k, "x" }(x){ x = 5 }:item())  --> 6.0
--- ```
---@param given lunops.ConvolutionOptions
---@return lunops.Linop
function lo.Convolution(given) end

---@class lunops.WaveletOptions
---@field [1] string "y x -> wy wx", or "y x"
---@field family? string haar, db1 to db10 (default db4)
---@field levels? integer times that the approximation is filtered (default by extents)
---@field dims? string|string[] dims of a one-sided string (default all)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- An orthogonal wavelet transform of the dims that differ, padded with zeros.
--- 
--- Dims `y x -> wy wx`; `A.H`: synthesis, then a crop; `A.N`: the identity.
--- 
--- ```lua
--- local x = lo.tensor({ 1, 2, 3, 4 }, "x", { dtype = "f32" })
--- print(("%.4f"):format(lo.Wavelet{ "x", family = "haar", levels = 2 }(x){ wx = 1 }:item()))  --> 5.0000
--- ```
---@param given lunops.WaveletOptions|string
---@return lunops.Linop
function lo.Wavelet(given) end

---@class lunops.NufftOptions
---@field string? string "y x -> spoke sample" (default inferred)
---@field tol? number relative error (default 1e-4 for c64, 1e-9 for c128)
---@field width? number width of the kernel in grid cells (default by tol)
---@field oversamp? number|table oversampling, for all dims or by dim (default by tol)
---@field grid? table extents of the oversampled grid (default by tol)
---@field units? string cycles, radians or normalized (default cycles)
---@field mode? string interpolate, or nearest: samples of the oversampled grid (default interpolate)
---@field counts? lunops.Tensor points that exist, by frame: the first ones (default all)
---@field extent? table extents of dims of the signature

--- Transforms an image to the points of a trajectory: NUFFT as a function.
--- 
--- ```lua
--- local traj = lo.tensor({ { 0 }, { 1 } }, "sample d", { dtype = "f32" })
--- print(("%.3f"):format(lo.nufft(lo.ones "x=16", traj){ sample = 1 }:item().re))  --> 4.000
--- ```
---@param x lunops.Tensor its last dims are the image, others are frames or batch dims
---@param trajectory lunops.Tensor its last dim holds the components
---@param options? lunops.NufftOptions
---@return lunops.Tensor # a tensor
function lo.nufft(x, trajectory, options) end

---@class lunops.Nufft_adjointOptions
---@field string? string "y x -> spoke sample" (default inferred)
---@field tol? number relative error (default 1e-4 for c64, 1e-9 for c128)
---@field width? number width of the kernel in grid cells (default by tol)
---@field oversamp? number|table oversampling, for all dims or by dim (default by tol)
---@field grid? table extents of the oversampled grid (default by tol)
---@field units? string cycles, radians or normalized (default cycles)
---@field mode? string interpolate, or nearest: samples of the oversampled grid (default interpolate)
---@field counts? lunops.Tensor points that exist, by frame: the first ones (default all)
---@field extent? table extents of dims of the signature

--- Transforms samples to an image: the adjoint of nufft.
--- 
--- ```lua
--- local traj = lo.tensor({ { 0 }, { 1 } }, "sample d", { dtype = "f32" })
--- print(lo.nufft_adjoint(lo.ones "sample=2", traj, { extent = { x = 16 } }).shape)  --> x=16
--- ```
---@param y lunops.Tensor samples, with the dims of the trajectory but its last
---@param trajectory lunops.Tensor its last dim holds the components
---@param options? lunops.Nufft_adjointOptions
---@return lunops.Tensor # a tensor
function lo.nufft_adjoint(y, trajectory, options) end

---@class lunops.FiniteDifferenceOptions
---@field [1] string "y x" with dim = …, or "y x -> y x'"
---@field dim? string along which it goes (default the only one)
---@field kind? string forward, backward or centred (default forward)
---@field boundary? string beyond the ends: neumann (repeated), zero, circular (default neumann)
---@field spacing? number distance of two samples (default 1)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Differences of neighbours along one dim, which gets a prime.
--- 
--- Dims `y x`; `A.H`: the exact transpose, boundaries included; `A.N`: the composition.
--- 
--- ```lua
--- local x = lo.tensor({ 1, 4, 9 }, "x", { dtype = "f32" })
--- print(lo.FiniteDifference "x"(x){ x = 2 }:item())  --> 5.0
--- ```
---@param given lunops.FiniteDifferenceOptions|string
---@return lunops.Linop
function lo.FiniteDifference(given) end

---@class lunops.GradientOptions
---@field [1] string "y x", or "y x -> grad y' x'"
---@field dims? string|string[] dims of a one-sided string (default all)
---@field boundary? string beyond the ends: neumann (repeated), zero, circular (default neumann)
---@field spacing? number|table distance of samples, for all dims or by dim (default 1)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Forward differences along several dims, stacked along a new leading dim.
--- 
--- Dims `y x`; `A.H`: minus the divergence; `A.N`: minus the Laplacian with the same options, in one pass.
--- 
--- ```lua
--- print(lo.Gradient{ "y x" }(lo.ones "y=2 x=3").shape)  --> grad=2 y=2 x=3
--- ```
---@param given lunops.GradientOptions|string
---@return lunops.Linop
function lo.Gradient(given) end

---@class lunops.LaplacianOptions
---@field [1] string "y x", or "y x -> y' x'"
---@field dims? string|string[] dims of a one-sided string (default all)
---@field boundary? string beyond the ends: neumann (repeated), zero, circular (default neumann)
---@field spacing? number|table distance of samples, for all dims or by dim (default 1)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The sum of second differences along several dims, in one pass.
--- 
--- Dims `y x`; `A.H`: itself; `A.N`: the composition.
--- 
--- ```lua
--- local x = lo.tensor({ 1, 4, 9 }, "x", { dtype = "f32" })
--- print(lo.Laplacian "x"(x){ x = 3 }:item())  --> -5.0
--- ```
---@param given lunops.LaplacianOptions|string
---@return lunops.Linop
function lo.Laplacian(given) end

---@class lunops.ChainOptions
---@field [1] lunops.Linop the first of the factors
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Composition: Chain{A, B, C} applies C first; usually written A * B * C.
--- 
--- Dims `n -> m`; `A.H`: the adjoints, in the opposite order; `A.N`: from the left inward: B.normal(A.normal()) for A * B.
--- 
--- ```lua
--- local I = lo.Identity "x"
--- print(lo.Chain{ 2*I, 3*I }(lo.ones "x=1"):item())  --> 6+0i
--- ```
---@param given lunops.ChainOptions
---@return lunops.Linop
function lo.Chain(given) end

---@class lunops.AddOptions
---@field [1] lunops.Linop the first of the terms
---@field threaded? string|boolean children whose results are joined run side by side: true, false, or auto: where it pays; terms of a sum run one after another (default auto)
---@field num_workers? integer children at a time at most; 0: one for each thread (default 0)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The sum of operators, accumulated in the order given; usually A + B.
--- 
--- Dims `n -> m`; `A.H`: the sum of the adjoints; `A.N`: A.H * A, two applications per term.
--- 
--- ```lua
--- local I = lo.Identity "x"
--- print(lo.Add{ 2*I, 3*I }.N(lo.ones "x=1"):item())  --> 25+0i
--- ```
---@param given lunops.AddOptions
---@return lunops.Linop
function lo.Add(given) end

---@class lunops.ConcatOptions
---@field [1] lunops.Linop the first of the operators
---@field idim? string the dim along which the input is divided
---@field odim? string the dim along which outputs are joined
---@field threaded? string|boolean children whose results are joined run side by side: true, false, or auto: where it pays; terms of a sum run one after another (default auto)
---@field num_workers? integer children at a time at most; 0: one for each thread (default 0)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Operators side by side along a dim that they have: outputs joined, the input divided, or both.
--- 
--- Dims `n -> m`; `A.H`: idim and odim exchanged; `A.N`: outputs joined: the sum of the normals; both: the normals side by side; the input divided: A.H * A.
--- 
--- ```lua
--- local A, B = lo.Dense{ lo.ones "m=2 n=3" }, lo.Dense{ lo.ones "m=4 n=3" }
--- print(lo.Concat{ A, B, odim = "m" }.oshape)  --> m=6
--- ```
---@param given lunops.ConcatOptions
---@return lunops.Linop
function lo.Concat(given) end

---@class lunops.StackOptions
---@field [1] lunops.Linop the first of the operators
---@field idim? string the new dim along which the input is divided
---@field odim? string the new dim along which outputs are stacked
---@field at? integer place of the new dim among those of the signature (default 1)
---@field idim_at? integer the same for the input alone (default at)
---@field odim_at? integer the same for the output alone (default at)
---@field threaded? string|boolean children whose results are joined run side by side: true, false, or auto: where it pays; terms of a sum run one after another (default auto)
---@field num_workers? integer children at a time at most; 0: one for each thread (default 0)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Operators side by side along a new dim of the output, of the input, or of both.
--- 
--- Dims `n -> frame m`; `A.H`: idim and odim exchanged; `A.N`: outputs stacked: the sum of the normals; both: the normals stacked, the dim where the input has it; the input divided: A.H * A.
--- 
--- ```lua
--- local I = lo.Identity{ "n", extent = { n = 2 } }
--- print(lo.Stack{ 2*I, 3*I, odim = "frame" }.N(lo.ones "n=2"):sum())  --> 26+0i
--- ```
---@param given lunops.StackOptions
---@return lunops.Linop
function lo.Stack(given) end

---@class lunops.CustomOptions
---@field [1] string "n -> m"; with "..." the functions take batch dims too
---@field apply? function tensor in, tensor out
---@field adjoint? function the adjoint; without it, .H is an error (default none)
---@field normal? function A.N (default adjoint after apply)
---@field split? function takes { m = {first, last} }, returns { apply, adjoint } (default none)
---@field cuts? string|string[] dims that split can cut (default none)
---@field field? string "real" if real data will do (default "complex")
---@field linear? string "real" if linear over real numbers only (default "complex")
---@field check? boolean tests adjoint and linearity before the first use (default true)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- An operator made of Lua functions.
--- 
--- Dims `n -> m`; `A.H`: the function adjoint; without it .H is an error; `A.N`: the function normal, else adjoint after apply.
--- 
--- ```lua
--- local A = lo.Custom{ "x -> x", name = "double",
---   apply = function(x) return 2 * x end,
---   adjoint = function(y) return 2 * y end }
--- print(A.N(lo.ones "x=3"):sum())  --> 12+0i
--- ```
---@param given lunops.CustomOptions|string
---@return lunops.Linop
function lo.Custom(given) end

---@class lunops.TraceOptions
---@field [1]? string dims; default any
---@field fn? function called with x and mode (default prints norm, |x| and the number of NaN)
---@field label? string begins the line that is printed
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The identity that tells what passes, in forward and in adjoint direction.
--- 
--- Dims `...`; `A.H`: the same, which tells what passes backwards; `A.N`: the composition: both tell.
--- 
--- ```lua
--- local A = lo.Trace{ "...", fn = function(x, mode) print(mode, x.shape) end }
--- A.H(lo.ones "x=3")  --> adjoint	x=3
--- ```
---@param given lunops.TraceOptions|string
---@return lunops.Linop
function lo.Trace(given) end

---@class lunops.BreakpointOptions
---@field [1]? string dims; default any
---@field label? string begins the line that is printed
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The identity that stops at a prompt with x and mode, where there is one.
--- 
--- Dims `...`; `A.H`: the same, which stops on the way back; `A.N`: the composition: both stop.
--- 
--- ```lua
--- print(lo.Breakpoint "x")  --> Breakpoint {x} -> {x}
--- ```
---@param given lunops.BreakpointOptions|string
---@return lunops.Linop
function lo.Breakpoint(given) end

---@class lunops.SleepOptions
---@field [1]? string dims; default any
---@field seconds? number how long (default 0.01)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The identity that takes its time in forward direction.
--- 
--- Dims `...`; `A.H`: the identity, at once; `A.N`: the composition.
--- 
--- ```lua
--- print(lo.Sleep{ "x", seconds = 0.001 }(lo.ones "x=3"):sum())  --> 3+0i
--- ```
---@param given lunops.SleepOptions|string
---@return lunops.Linop
function lo.Sleep(given) end

---@class lunops.ToDeviceOptions
---@field [1] string where the input lies
---@field [2] string where the output lies
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- The identity that moves data to another device; the adjoint moves them back.
--- 
--- Dims `...`; `A.H`: ToDevice with the devices exchanged; `A.N`: Identity.
--- 
--- ```lua
--- lo.virtual_devices{ cpu = 2 }
--- print(lo.ToDevice{ "cpu", "cpu:1" }(lo.ones "x=3").device)  --> cpu:1
--- ```
---@param given lunops.ToDeviceOptions
---@return lunops.Linop
function lo.ToDevice(given) end

---@class lunops.CgOptions
---@field iters? integer most iterations (default 100)
---@field tol? number|false stops when |r| <= tol*|b|; false: never (default 1e-6)
---@field x0? lunops.Tensor where to start; it is copied (default zeros)
---@field precond? lunops.Linop self-adjoint, positive, near the inverse (default identity)
---@field batch? string|string[] dims of independent problems (default none)
---@field on_iteration? function called with {iteration, of, residual, seconds, x}; false stops
---@field max_seconds? number stops after this time (default no limit)
---@field refresh? integer recomputes the residual every so many iterations; 0: never (default 50)

--- Solves M x = b by conjugate gradients, M self-adjoint and >= 0.
--- 
--- ```lua
--- local x, info = lo.cg(2*lo.Identity "x", lo.ones "x=3")
--- print(x:sum(), info.iterations)  --> 1.5+0i	1
--- ```
---@param M lunops.Linop self-adjoint and >= 0
---@param b lunops.Tensor the right-hand side
---@param options? lunops.CgOptions
---@return lunops.Tensor # x and an info table
function lo.cg(M, b, options) end

---@class lunops.PowerOptions
---@field iters? integer most iterations (default 50)
---@field tol? number stops when the value changes by less, relative (default 1e-4)
---@field v0? lunops.Tensor where to start (default random)
---@field seed? integer of the random start (default 0)
---@field batch? string|string[] dims of independent problems (default none)
---@field dtype? string of the random start (default the operator's, else c64)

--- The eigenvalue of largest magnitude of a self-adjoint operator, and its vector.
--- 
--- ```lua
--- local value = lo.power(2*lo.Identity{ "x", extent = { x = 3 } })
--- print(("%.3f"):format(value))  --> 2.000
--- ```
---@param M lunops.Linop self-adjoint
---@param options? lunops.PowerOptions
---@return any # the value, the vector and an info table
function lo.power(M, options) end

---@class lunops.ExplainOptions
---@field applications? integer how often the operator will be applied (default 20)
---@field format? string text or table (default text)
---@field dtype? string of the data (default x's, else the operator's, else c64)
---@field rewrite? any false, or rules that are left out: { toeplitz = false } (default true)

--- Tells what an application will do, before anything runs.
--- 
--- ```lua
--- local A = 2*lo.Identity "x"
--- print(#lo.explain(A, "x=3", { format = "table" }).nodes)  --> 1
--- ```
---@param A lunops.Linop the operator
---@param x? string|lunops.Shape an input or its shape, where extents are open (default A's)
---@param options? lunops.ExplainOptions
---@return string|table # text, or tables {nodes, written, total, choices, rewritten}
function lo.explain(A, x, options) end

---@class lunops.CheckOptions
---@field input? string shape of the random input, where A does not know it (default A.ishape)
---@field dtype? string of the input (default A.dtype, else c128)
---@field seed? integer of the random data (default 1)
---@field tol? number of forms that may be approximate, such as Toeplitz (default 1e-3)

--- Tests the laws of operators on random data: adjoint, linear, normal, transpose, conj, scales, batch, rewriting.
--- 
--- ```lua
--- local A = lo.FFT "y x" * lo.Diagonal{ lo.ones "y=4 x=5" }
--- local laws = lo.check(A)
--- print(laws.adjoint.error <= laws.adjoint.tolerance)  --> true
--- ```
---@param A lunops.Linop the operator
---@param options? lunops.CheckOptions
---@return table # a table by law of { error, tolerance }, relative; an error if a law fails
function lo.check(A, options) end

---@class lunops.SplitOptions
---@field extent? table extents of batch dims to cut

--- Cuts an operator into tiles along named dims: the sum of tile.op(x[tile.input]) put at tile.output is A(x).
--- 
--- ```lua
--- local A = lo.Dense{ lo.ones "m=3 n=7" }
--- local tiles = lo.split(A, "n=3 m=2")
--- print(tiles.grid[1], tiles.grid[2], tiles:at(3, 1).op.extent.n)  --> 3	2	1
--- ```
---@param A lunops.Linop the operator
---@param sizes any { coil = 2 } or "coil=2": how many elements a tile has; a list of sizes must add up to the extent
---@param options? lunops.SplitOptions
---@return table # an array of tiles { op, request, input, output, index }, row-major, with dims, grid and tiles:at(i, j); tiles that are zero are left out
function lo.split(A, sizes, options) end

---@class lunops.BatchOptions
---@field devices? any list; tile t goes to devices[(t-1) mod #devices + 1]; or lists by the device of what is cut (default the base)
---@field device_matrix? any nested lists, one axis for each cut dim, that repeat along each: exact places
---@field base? string device of input and output (default where A's weights lie, else "cpu")
---@field prefetch? integer tiles in flight on each device beyond the one that computes (default 1)
---@field resident? string|boolean whether copies of weights stay on their devices between applications; "auto": if they fit (default "auto")
---@field extent? table extents of batch dims to cut
---@field deterministic? string|boolean the same bits for any tiles, devices and threads; or the dim whose sums are ordered by a tree, by default the first inner or input dim that has leaves (default false)
---@field leaves? table { spoke = 8 }: into how many leaves a dim is cut that a transform sums over
---@field progress? function function(done, total, tile), called between tiles; returning false stops the application

--- The same operator, applied tile by tile, on one device or several.
--- 
--- ```lua
--- local A = lo.Dense{ lo.ones "m=4 n=6" }
--- local B = lo.batch(A, { m = 2, n = 3 })
--- print(#B.children, B.N(lo.ones "n=6"):sum() == A.N(lo.ones "n=6"):sum())  --> 4	true
--- ```
---@param A lunops.Linop the operator
---@param spec any sizes as for split, a BatchSpec, or a list of them: each tile of one is the operator of the next, and its device the next one's base
---@param options? lunops.BatchOptions
---@return lunops.Linop # an operator; its children are the tiles
function lo.batch(A, spec, options) end

---@class lunops.BatchSpecOptions
---@field devices? any list; tile t goes to devices[(t-1) mod #devices + 1]; or lists by the device of what is cut (default the base)
---@field device_matrix? any nested lists, one axis for each cut dim, that repeat along each: exact places
---@field base? string device of input and output (default where A's weights lie, else "cpu")
---@field prefetch? integer tiles in flight on each device beyond the one that computes (default 1)
---@field resident? string|boolean whether copies of weights stay on their devices between applications; "auto": if they fit (default "auto")
---@field extent? table extents of batch dims to cut
---@field deterministic? string|boolean the same bits for any tiles, devices and threads; or the dim whose sums are ordered by a tree, by default the first inner or input dim that has leaves (default false)
---@field leaves? table { spoke = 8 }: into how many leaves a dim is cut that a transform sums over
---@field progress? function function(done, total, tile), called between tiles; returning false stops the application

--- Sizes and options of one level of tiles, for lo.batch.
--- 
--- ```lua
--- local spec = lo.BatchSpec{ { m = 2 }, prefetch = 0 }
--- print(#lo.batch(lo.Dense{ lo.ones "m=4 n=6" }, spec).children, spec)  --> 2	BatchSpec m=2
--- ```
---@param sizes any as for split
---@param options? lunops.BatchSpecOptions
---@return any # a value, which use never changes
function lo.BatchSpec(sizes, options) end

---@class lunops.PlanOptions
---@field memory? any bytes, "6 GB", "6 GiB" or "80%" for each device, or a table by device (default the device's budget)
---@field devices? any a list of devices on which tiles may run (default the base)
---@field base? string device of input and output (default where A's weights lie, else "cpu")
---@field input? any an input or its shape, where extents are open (default A's)
---@field extent? table extents of batch dims that may be cut
---@field dtype? string of the data (default the operator's, else the default)
---@field cut? any a list of dims: only these may be cut (default all)
---@field keep? any a list of dims that may not be cut (default none)
---@field objective? string time or memory: what shall be least (default time)
---@field deterministic? string|boolean the same bits for any memory, devices and threads; or the dim whose sums are ordered by a tree (default false)
---@field leaves? table as of batch
---@field applications? integer how often the operator will be applied (default 20)

--- The same operator, cut into tiles and placed on devices so that it fits their memory and takes the least time.
--- 
--- ```lua
--- local A = lo.Dense{ lo.ones "m=64 n=1024" }
--- local P = lo.plan(A.N, { memory = "8 MB" })
--- local x = lo.ones "n=1024"
--- print(P(x):sum() == A.N(x):sum(), P.estimate.tiles, P.measured.peak.cpu < 8e6)  --> true	1	true
--- ```
---@param A lunops.Linop the operator
---@param options? lunops.PlanOptions
---@return lunops.Linop # an operator with op, estimate and measured
function lo.plan(A, options) end

---@class lunops.IoReadOptions
---@field dims? string|string[] names of the axes, slowest first (default the file's)
---@field as? string cfl: traj, data; ISMRMRD: lines, grid, spokes, traj (default by name or dims)
---@field name? string ISMRMRD: the group (default dataset)
---@field squeeze? boolean cfl: drop axes of extent 1 (default true)

--- Reads a tensor from a npy, BART cfl or ISMRMRD file; the format is found by content.
--- 
--- ```lua
--- local path = os.tmpname() .. ".npy"
--- lo.io.write(path, lo.arange("x=3", { dtype = "f32" }))
--- print(lo.io.read(path, { dims = "x" }):sum())  --> 3.0
--- os.remove(path)
--- ```
---@param path string the file
---@param options? lunops.IoReadOptions
---@return lunops.Tensor # a tensor
function lo.io.read(path, options) end

---@class lunops.IoWriteOptions
---@field window? table png: { low, high } of the grey scale
---@field percentile? number png: white, without a window (default 99.5)
---@field part? string png: abs phase real imag (default abs)
---@field depth? integer png: bits, 8 or 16 (default 8)
---@field axes? table cfl: the BART axis of dims with other names

--- Writes a tensor (.npy .cfl .png) or a table (.json), by extension, atomically.
--- 
--- ```lua
--- local path = os.tmpname() .. ".json"
--- lo.io.write(path, { iterations = 3 })
--- print((io.open(path):read "a":gsub("\n", "")))  --> {  "iterations": 3}
--- os.remove(path)
--- ```
---@param path string the file
---@param value any a tensor or table
---@param options? lunops.IoWriteOptions
function lo.io.write(path, value, options) end

--- Tells format, dims, dtype and bytes of a file without reading its data.
--- 
--- ```lua
--- print((select(3, lo.io.probe "/no/such/file")))  --> file
--- ```
---@param path string the file
---@return table # a table {format, dtype, shape, bytes}; or nil, message, code
function lo.io.probe(path) end

---@class lunops.IoRawOptions
---@field as? string lines, grid or spokes (default spokes if there is a trajectory, else lines)
---@field remove_oversampling? boolean cuts readouts to the recon matrix (default false)

--- Reads the acquisitions of an ISMRMRD file with trajectory, counters and header.
--- 
--- ```lua
--- print(pcall(lo.io.raw, "/no/such/file"))  --> false	…
--- ```
---@param path string the file
---@param options? lunops.IoRawOptions
---@return table # a table {data, traj, noise, weights, mask, index, flags, header, trajectory_units}
function lo.io.raw(path, options) end

---@class lunops.Ellipse_kspaceOptions
---@field shifts? lunops.Tensor samples at k - shift, one set per shift (default none)
---@field dtype? string of the result (default c64)

--- Exact samples of the Fourier transform of a sum of ellipses or ellipsoids.
--- 
--- ```lua
--- local disc = lo.tensor({ { 1, 2, 2, 0, 0, 0 } }, "ellipse parameter", { dtype = "f64" })
--- local k = lo.zeros("sample=1 d=2", { dtype = "f64" })
--- print(("%.4f"):format(lo.ellipse_kspace(disc, k, "y=8 x=8"):item().re))  --> 1.5708
--- ```
---@param table lunops.Tensor a row per ellipse: amplitude, half axes, centre, angle
---@param trajectory lunops.Tensor cycles per field of view; its last dim holds components
---@param shape string|lunops.Shape the image's extents
---@param options? lunops.Ellipse_kspaceOptions
---@return lunops.Tensor # a tensor with the dims of the shifts, then those of the trajectory but its last
function lo.ellipse_kspace(table, trajectory, shape, options) end

---@class lunops.Ellipse_imageOptions
---@field supersample? integer points per pixel and dim (default 1)
---@field dtype? string of the result (default c64)

--- The image of a sum of ellipses or ellipsoids.
--- 
--- ```lua
--- local disc = lo.tensor({ { 1, 2, 2, 0, 0, 0 } }, "ellipse parameter", { dtype = "f64" })
--- print(lo.ellipse_image(disc, "y=8 x=8", { dtype = "f32" }):sum())  --> 13.0
--- ```
---@param table lunops.Tensor a row per ellipse: amplitude, half axes, centre, angle
---@param shape string|lunops.Shape the image's dims with extents
---@param options? lunops.Ellipse_imageOptions
---@return lunops.Tensor # a tensor
function lo.ellipse_image(table, shape, options) end

---@class lunops.MemoryOptions
---@field reset_peak? boolean starts the peak anew after this call (default false)

--- What Lua and the tensors of this state use.
--- 
--- ```lua
--- print(lo.memory().cpu.live >= 0)  --> true
--- ```
---@param options? lunops.MemoryOptions
---@return table # {lua, collections, cpu = {live, cached, peak, limit, budget, allocations, system, largest}, ["cpu:1"] = …}
function lo.memory(options) end

--- Calls f, then closes every tensor and operator made during the call except those it returns.
--- 
--- ```lua
--- local x = lo.scope(function()
---   local unused = lo.ones "x=1000"
---   return lo.ones "x=3"
--- end)
--- print(x:sum())  --> 3+0i
--- ```
---@param f function what runs inside
---@param ...? any its arguments
---@return any # what f returns
function lo.scope(f, ...) end

--- The devices that can be used here: the host, declared virtual ones, GPUs.
--- 
--- ```lua
--- lo.virtual_devices{ cpu = 2, memory = "64 MB" }
--- local all = lo.devices()
--- print(table.concat(all, " "))  --> cpu cpu:0 cpu:1
--- print(all["cpu:1"].budget, all["cpu:1"].peers[1])  --> 64000000	cpu:0
--- ```
---@return string[] # a list of names, "cpu" first; list[name] is {budget, live, peers, speed, rates}, peers being the virtual devices it copies to without the host, rates what lo.calibrate measured, else constants, of a GPU what its clocks and widths allow; list.streams is the number of streams that exist, each of which has a thread; list.cuda tells why there are no GPUs ("built without CUDA", "no driver" …), nil where there are some
function lo.devices() end

---@class lunops.CalibrateOptions
---@field keep? boolean in the cache folder; false: measured and not used (default true)

--- Measures what one core of the host sustains, in about half a second. Estimates of lo.plan and lo.explain take it from then on, in later processes too.
--- 
--- ```lua
--- local rates = lo.calibrate{ keep = false }
--- print(rates.measured, rates.fft > 0)  --> true	true
--- ```
---@param options? lunops.CalibrateOptions
---@return table # { flops, contraction, fft, bytes, spreading, measured }: per second; spreading is the speed of NUFFTs against their cost model
function lo.calibrate(options) end

--- Tells whether a device can be used.
--- 
--- ```lua
--- print(lo.device "cpu")  --> cpu
--- ```
---@param name string for example "cuda:0"
---@return string? # its name; or nil, message, code
function lo.device(name) end

---@class lunops.Virtual_devicesOptions
---@field cpu? integer how many: cpu:0, cpu:1 … (default 0)
---@field cuda? integer how many that share the GPUs in turn; 0: one on each (default 0)
---@field memory? any budget of each: bytes, "64 MB", "6 GiB" (default as the host's)
---@field peer? boolean false: copies between two of them pass the host (default true)
---@field clock? boolean times from the cost model, on a simulated clock (default false)
---@field link? table { bandwidth = "10 GB", latency = 1e-5 }: bytes per second and seconds of every link, for the clock
---@field speed? table relative compute speed by device, for the clock (default 1 each)

--- Declares virtual devices cpu:0, cpu:1 …: parts of the host with memory, budget and streams of their own; cuda:0, cuda:1 … that share the GPUs there are. Without an argument it changes nothing.
--- 
--- ```lua
--- lo.virtual_devices{ cpu = 4, memory = "64 MB" }
--- print(lo.ones "x=3":to "cpu:3".device)  --> cpu:3
--- print(pcall(lo.ones, "x=3", { device = "cpu:7" }))  --> false	device: there is no cpu:7; 4 virtual devices are declared: lo.virtual_devices{ cpu = 8 }
--- ```
---@param options? lunops.Virtual_devicesOptions
---@return table # a table {cpu, cuda, memory, peer, clock, link, speed} of what holds now; memory 0: as the host's
function lo.virtual_devices(options) end

--- Calls f and records what is issued to the streams of devices: copies, kernels, events and waits.
--- 
--- ```lua
--- local T, y = lo.timeline(function() return 1 end)
--- print(T:check(), y)  --> true	1
--- ```
---@param f function what is watched
---@param ...? any its arguments
---@return any # a Timeline, then what f returns
function lo.timeline(f, ...) end

--- Seconds on a clock that never goes back.
--- 
--- ```lua
--- print(lo.now() <= lo.now())  --> true
--- ```
---@return number # a number
function lo.now() end

--- Waits until all devices are done.
--- 
--- ```lua
--- print(select("#", lo.wait()))  --> 0
--- ```
function lo.wait() end

--- A table as JSON; lo.complex becomes [re, im], NaN and infinities null.
--- 
--- ```lua
--- print(lo.json({ 1, 2.5, "x" }))  --> [1, 2.5, "x"]
--- ```
---@param value any tables, numbers, text, booleans
---@return string # a string
function lo.json(value) end

--- Reports a warning, once per place and text; -W makes it an error.
--- 
--- ```lua
--- lo.warn "the data have no noise scan"
--- print(lo.warnings()[1].text)  --> the data have no noise scan
--- ```
---@param text string what the user should know
function lo.warn(text) end

--- The warnings since the last call, which clears them.
--- 
--- ```lua
--- print(#lo.warnings())  --> 0
--- ```
---@return table[] # a list of {place, text}
function lo.warnings() end

---@class lunops.DefaultsOptions
---@field dtype? string of new tensors (default c64)
---@field device? string where new tensors lie (default cpu)

--- Sets what factories and readers of this state use where nothing is said.
--- 
--- ```lua
--- print(lo.defaults().dtype)  --> c64
--- ```
---@param options? lunops.DefaultsOptions
---@return table # a table {device, dtype} of what holds now
function lo.defaults(options) end

--- The number of threads that this state's work may use; a number sets it.
--- 
--- ```lua
--- print(lo.threads() >= 1)  --> true
--- ```
---@param count? integer threads (default no change)
---@return integer # an integer
function lo.threads(count) end

--- The operator classes there are.
--- 
--- ```lua
--- print(lo.operators()[1].name, lo.operators()[1].signature)  --> Identity	y x
--- ```
---@return table[] # a list of {name, summary, signature, dtypes, backends, law_cases}
function lo.operators() end

--- Like Lua's type, but tells tensors, operators, shapes and complex numbers apart.
--- 
--- ```lua
--- print(lo.type(lo.ones "x=3"), lo.type(3))  --> tensor	number
--- ```
---@param value any any value
---@return string # a string
function lo.type(value) end

---@class lunops.ShowOptions
---@field rows? string dim that runs down (default second last dim)
---@field cols? string dim that runs to the right (default last dim)
---@field slice? table index by dim (default 1 along other dims)
---@field part? string abs phase real imag (default abs)
---@field window? table { low, high } (default by percentile)
---@field percentile? number what is white, without a window (default 99.5)

--- Tells what a picture of a tensor shows, and how to write it.
--- 
--- ```lua
--- lo.show(lo.ones "y=4 x=4", { window = { 0, 1 } })  --> abs of {y=4, x=4}, window 0 to 1; lo.io.write("x.png", x) writes the picture
--- ```
---@param x lunops.Tensor a tensor with at least two dims
---@param options? lunops.ShowOptions
function lo.show(x, options) end

--- A stopwatch: stage "name" starts a stage and ends the one before.
--- 
--- ```lua
--- local stage = lo.stages()
--- stage "read"
--- print(stage:report().read >= 0)  --> true
--- ```
---@return lunops.Stages # a Stages object
function lo.stages() end

--- Raises a lunops.Error, as the functions of the library do.
--- 
--- ```lua
--- local _, err = pcall(lo.fail, "argument", "radial", "spokes is missing")
--- print(err, err.code)  --> radial: spokes is missing	argument
--- ```
---@param code string what err.code will be
---@param operation string what was asked for
---@param text string what is wrong, and what to do
function lo.fail(code, operation, text) end

--- Calls f and turns errors of file, format, device and memory kind into results.
--- 
--- ```lua
--- print((select(3, lo.try(lo.io.read, "/no/such/file"))))  --> file
--- ```
---@param f function what is called
---@param ...? any its arguments
---@return any # what f returns
---@return any # or nil, message, code
function lo.try(f, ...) end

--- Calls f and tells seconds, bytes allocated, and the peak of the state so far.
--- 
--- ```lua
--- print(lo.time(function() return 1 + 1 end))  --> 2
--- ```
---@param f function what is called
---@param ...? any its arguments
---@return any # what f returns
function lo.time(f, ...) end

--- Counts from 1 to n and shows how far it is.
--- 
--- ```lua
--- for i in lo.progress(2, "frames") do print(i) end  --> 1
--- --> 2
--- ```
---@param n integer number of steps
---@param label? string what is counted (default step)
---@return fun(): integer? # an iterator
function lo.progress(n, label) end

--- Checks options of a Lua function and fills in defaults.
--- 
--- ```lua
--- print(lo.options({ tol = 1e-6 }, "f", { tol = 1e-4, iters = 5 }).iters)  --> 5
--- print(pcall(lo.options, { tl = 1 }, "f", { tol = 1e-4 }))  --> false	f: unknown option 'tl' (did you mean 'tol'?)
--- ```
---@param given? table what the caller gave, or nil
---@param name string of the function, for messages
---@param defaults table every option; false takes any value
---@param kinds? table by option, the type that lo.type tells of its value
---@return table # a new table
function lo.options(given, name, defaults, kinds) end

--- Reads the options of a script; --help explains them, and a mistake ends it with exit 2.
--- 
--- ```lua
--- local given = lo.arguments({ "--size", "128" }, {
---   { "data", "FILE", "measured data" },
---   { "size", 256, "matrix" },
---   { "weight", { "none", "density" } },
--- })
--- print(given.size, given.data, given.weight)  --> 128	nil	none
--- ```
---@param arg table the script's `arg`
---@param options table entries { name, default, text }; a default in capitals is shown and means that the option is nil when absent (N: a whole number, X: a number), a list means choices
---@return table # a table by option name
function lo.arguments(arg, options) end

--- Shows values as the prompt does, one per line.
--- 
--- ```lua
--- lo.display({ 1, name = "x" })  --> { 1, name = "x" }
--- ```
---@param values? any what to show
function lo.display(values) end

--- Shows what there is to know of a function, operator, type, topic or word.
--- 
--- ```lua
--- lo.help "Identity"
--- --> lo.Identity{ text?, extent =, name =, batch = }
--- --> …
--- ```
---@param subject? any a function, a value, or text: a name, a topic, words to find
function lo.help(subject) end

--- |s x - ref| / |ref|, s the best factor of the kind asked for.
--- 
--- ```lua
--- local x, ref = lo.tensor({ 1, 1 }, "x"), lo.tensor({ 1, 0 }, "x")
--- print(lo.metrics.nrmse(x, ref))                      --> 1.0
--- ```
---@param x lunops.Tensor 
---@param ref lunops.Tensor 
---@param opts? table scale: "none" (default), "real", "complex"; mask: pixels that count; norm: "l2" or, for real data, "range" and "mean": root mean square error over max - min, over the mean, of ref
---@return number
function lo.metrics.nrmse(x, ref, opts) end

--- Peak signal to noise ratio in dB; peak: max |ref| unless given.
--- 
--- ```lua
--- local ref = lo.tensor({ 1, 0 }, "x", { dtype = "f32" })
--- print(lo.metrics.psnr(ref * 0.9, ref) > 20)          --> true
--- ```
---@param x lunops.Tensor 
---@param ref lunops.Tensor 
---@param opts? table 
---@return number # decibels
function lo.metrics.psnr(x, ref, opts) end

--- Signal to noise ratio |ref| / |x - ref| in dB.
--- 
--- ```lua
--- local ref = lo.tensor({ 3, 4 }, "x", { dtype = "f32" })
--- print(lo.metrics.snr(ref * 1.25, ref) > 12)          --> true
--- ```
---@param x lunops.Tensor 
---@param ref lunops.Tensor 
---@return number # decibels
function lo.metrics.snr(x, ref) end

--- Mean absolute error.
--- 
--- ```lua
--- local ref = lo.tensor({ 3, 4 }, "x", { dtype = "f32" })
--- print(lo.metrics.mae(ref + 0.5, ref))                --> 0.5
--- ```
---@param x lunops.Tensor 
---@param ref lunops.Tensor 
---@return number
function lo.metrics.mae(x, ref) end

---@class lunops.VStackOptions
---@field [1] lunops.Linop the first of the operators
---@field dim? string dim of the outputs
---@field name? string shown by print, trace and explain

--- Operators on one input, their outputs joined along a dim: Concat with odim.
--- 
--- Dims `n -> m`; `A.H`: the adjoints in a row; `A.N`: the sum of the normals.
--- 
--- ```lua
--- local A, B = lo.Dense{ lo.ones "m=2 n=3" }, lo.Dense{ lo.ones "m=4 n=3" }
--- print(lo.VStack{ A, B, dim = "m" }.oshape)           --> m=6
--- ```
---@param given lunops.VStackOptions
---@return lunops.Linop
function lo.VStack(given) end

---@class lunops.HStackOptions
---@field [1] lunops.Linop the first of the operators
---@field dim? string dim of the inputs
---@field name? string shown by print, trace and explain

--- Operators in a row: the input is divided along a dim, their outputs are added; Concat with idim.
--- 
--- Dims `n -> m`; `A.H`: the adjoints stacked; `A.N`: A.H * A.
--- 
--- ```lua
--- local A, B = lo.Dense{ lo.ones "m=2 n=3" }, lo.Dense{ lo.ones "m=2 n=4" }
--- print(lo.HStack{ A, B, dim = "n" }.ishape)           --> n=7
--- ```
---@param given lunops.HStackOptions
---@return lunops.Linop
function lo.HStack(given) end

---@class lunops.BlockDiagOptions
---@field [1] lunops.Linop the first of the operators
---@field dim? string a dim that all keep
---@field idim? string dim of the inputs (default dim)
---@field odim? string dim of the outputs (default dim)
---@field name? string shown by print, trace and explain

--- Operators along a diagonal: each takes its part of the input and makes its part of the output.
--- 
--- Dims `n -> m`; `A.H`: the adjoints along a diagonal; `A.N`: the normals along a diagonal.
--- 
--- ```lua
--- local A, B = lo.Dense{ lo.ones "m=2 n=3" }, lo.Dense{ lo.ones "m=2 n=4" }
--- print(lo.BlockDiag{ A, B, idim = "n", odim = "m" }.oshape)   --> m=4
--- ```
---@param given lunops.BlockDiagOptions
---@return lunops.Linop
function lo.BlockDiag(given) end

---@class lunops.TimeSegmentedOptions
---@field [1] lunops.Linop from an image to samples, such as a NUFFT
---@field [2] lunops.Tensor frequencies in Hz over dims of the image, real
---@field [3] lunops.Tensor times in seconds over dims of the samples, real
---@field segments? integer|string number of segments, or "auto": the fewest that reach tol (default 6)
---@field tol? number root mean square error of the phase factor that "auto" reaches (default 1e-3)
---@field dim? string the dim of the segments (default seg)
---@field name? string shown by print, trace and explain

--- A transform whose samples are taken at times t of a readout during which frequencies b0 turn the phase: y(k_j) = Σ_l b_l(t_j) F[x exp(-2πi b0 τ_l)](k_j), with τ_l evenly spaced over t and b_l fitted to the histogram of b0.
--- 
--- Dims `y x -> spoke sample`; `A.H`: the sum over segments of the adjoints; `A.N`: Toeplitz with segments × segments kernels, or the product, by cost.
--- 
--- ```lua
--- local F = lo.FFT "x -> k"
--- local t = lo.arange("k=8", { dtype = "f64" }) - 4
--- local b0 = lo.full("x=8", 1 / 8, { dtype = "f64" })
--- local A, info = lo.TimeSegmented{ F, b0, t, segments = 1 }
--- local x = lo.zeros("x=8", { dtype = "c128" })
--- x:set({ x = 3 }, lo.ones("", { dtype = "c128" }))
--- print(("%.6f"):format(F.H(A(x)){ x = 4 }:item().re))            --> 1.000000
--- ```
---@param given lunops.TimeSegmentedOptions
---@return lunops.Linop
function lo.TimeSegmented(given) end

---@class lunops.HankelOptions
---@field [1] string "x -> row col"
---@field rows? integer rows of the matrix; it has N - rows + 1 columns
---@field extent? table extents of dims of the signature; that of the line is needed
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- A Hankel matrix of a line: y[i, j] = x[i + j].
--- 
--- Dims `x -> row col`; `A.H`: sums along the antidiagonals; `A.N`: Diagonal of how often each element occurs.
--- 
--- ```lua
--- local H = lo.Hankel{ "x=4 -> row col", rows = 2 }
--- print(H(lo.arange "x=4").shape)                      --> row=2 col=3
--- ```
---@param given lunops.HankelOptions|string
---@return lunops.Linop
function lo.Hankel(given) end

---@class lunops.CasoratiOptions
---@field [1] string "coil ky kx -> window patch"
---@field window? table extents of a block by dim
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Blocks of an array as the columns of a matrix: window runs over the positions of the blocks, patch over the other dims and the offsets in a block.
--- 
--- Dims `coil ky kx -> window patch`; `A.H`: sums the blocks, each at its place; `A.N`: Diagonal of the number of blocks over each element.
--- 
--- ```lua
--- local C = lo.Casorati{ "coil=2 ky=8 kx=8 -> window patch", window = { ky = 6, kx = 6 } }
--- print(C.oshape)                                      --> window=9 patch=72
--- ```
---@param given lunops.CasoratiOptions|string
---@return lunops.Linop
function lo.Casorati(given) end

---@class lunops.SubspaceOptions
---@field [1] lunops.Tensor "frame coef"
---@field [2] string "coef y x -> frame y x"
---@field orthonormal? boolean checks that it is, to 1e-4 in single and 1e-10 in double precision (default false)
---@field extent? table extents of dims of the signature
---@field name? string shown by print, trace and explain
---@field batch? boolean false closes the signature (default true)

--- Time courses as sums of few basis functions: y[frame] = Σ basis[frame, coef] x[coef].
--- 
--- Dims `coef y x -> frame y x`; `A.H`: the conjugate basis, summed over frame; `A.N`: one Dense over coef; with a transform that keeps frame, coef × coef Toeplitz kernels.
--- 
--- ```lua
--- local basis = lo.tensor({ { 1, 0 }, { 1, 1 } }, "frame coef", { dtype = "f32" })
--- local B = lo.Subspace{ basis, "coef y -> frame y" }
--- local x = lo.tensor({ { 1 }, { 2 } }, "coef y", { dtype = "f32" })
--- print(B(x):totable()[1][1], B(x):totable()[2][1])    --> 1.0	3.0
--- ```
---@param given lunops.SubspaceOptions
---@return lunops.Linop
function lo.Subspace(given) end

--- Coefficients of maps "coil y x" in harmonics of `period` fields of view, by least squares.
--- 
--- ```lua
--- local maps = lo.mri.coils{ count = 4, extent = 32 }
--- print(lo.mri.harmonics_of(maps).shape)              --> coil=4 qy=7 qx=7
--- ```
---@return lunops.Tensor # coefficients  "coil qy qx", c128
---@return number # misfit  |sum of harmonics - maps| / |maps|
---@return lunops.Tensor # sums  the sums of harmonics, "coil y x"
function lo.mri.harmonics_of() end

--- Maps of a ring of coils: 1/distance, phase by angle, root sum of squares 1, fitted by harmonics; the fit is the map.
--- 
--- ```lua
--- local maps = lo.mri.coils{ count = 4, extent = { y = 32, x = 24 } }
--- print(maps.shape, maps.dtype)                       --> coil=4 y=32 x=24	c64
--- ```
---@param given table count (8), extent, radius of the ring in half fields of view (1.5), harmonics (3), period in fields of view (2), dtype ("c64")
---@return lunops.Tensor # maps  "coil y x"
function lo.mri.coils(given) end

--- Root sum of squares over `coil`.
--- 
--- ```lua
--- print(lo.mri.rss(lo.ones "coil=4 y=1 x=2"):totable()[1][1])        --> 2.0
--- ```
---@param images lunops.Tensor "coil …"
---@return lunops.Tensor # image
function lo.mri.rss(images) end

--- Sum of the images weighted by conj(maps), over `coil`.
--- 
--- ```lua
--- local ones = lo.ones "coil=4 x=2"
--- print(lo.mri.combine(ones, ones):totable()[1])                     --> 4+0i
--- ```
---@param images lunops.Tensor "coil …"
---@param maps lunops.Tensor "coil …"
---@return lunops.Tensor # image
function lo.mri.combine(images, maps) end

--- Whether a trajectory consists of straight, evenly sampled spokes through the centre.
--- 
--- ```lua
--- print(lo.mri.is_radial(lo.mri.radial{ spokes = 5, samples = 8, extent = 8 }))      --> true
--- ```
---@param traj lunops.Tensor 
---@return boolean
function lo.mri.is_radial(traj) end

--- Area of k-space that each sample of a radial trajectory stands for: |k| dk dtheta, at the centre pi (dk/2)^2 / spokes.
--- 
--- ```lua
--- local k = lo.mri.radial{ spokes = 10, samples = 16, extent = 16 }
--- local w = lo.mri.density{ traj = k }
--- print(w.shape, w.dtype)                              --> spoke=10 sample=16	f64
--- ```
---@param given table traj "spoke sample d" or "frame spoke sample d"; kind: "radial" or "golden" (spokes at any angles: each gets its own gap); dtype (that of traj)
---@return lunops.Tensor # weight  "spoke sample" or "frame spoke sample"
function lo.mri.density(given) end

--- Smooth maps of the coils: images of the windowed centre of k-space over their root sum of squares.
--- 
--- ```lua
--- local ksp = lo.randn("coil=4 ky=16 kx=16", { seed = 1 })
--- print(lo.mri.lowres{ ksp = ksp, calib = 8 }.shape)                  --> coil=4 y=16 x=16
--- ```
---@param given table ksp "coil ky kx" (or "coil y x"), or the samples of the operator F; F: a NUFFT; weight: density weights, a tensor or a Diagonal, for F; calib: width of the Hann window in samples (24)
---@return lunops.Tensor # maps  "coil y x", or the image dims of F
function lo.mri.lowres(given) end

--- A phantom of ellipses: its exact k-space at `traj`, or its image.
--- 
--- ```lua
--- local k = lo.mri.radial{ spokes = 8, samples = 32, extent = 16 }
--- local maps = lo.mri.coils{ count = 4, extent = 16 }
--- local ksp = lo.mri.phantom{ extent = 16, traj = k, coils = maps }
--- print(ksp.shape)                                                 --> coil=4 spoke=8 sample=32
--- print(lo.mri.phantom{ extent = 16, sampling = "area" }.shape)    --> y=16 x=16
--- ```
---@param given table extent; kind: "toft" (default), "shepp-logan" (its original, low contrast) or a list of { amplitude =, axes = { y =, x = }, centre = { y =, x = }, angle = } in pixels and radians, axes half lengths, centre relative to index floor(N/2); traj "… d" in cycles, or sampling: "kspace" (band-limited, default), "point", "area" (8 x 8 points per pixel); coils: maps "coil y x" by lo.mri.coils, with their harmonics (3) and period (2); dtype ("c64")
---@return lunops.Tensor # samples_or_image
function lo.mri.phantom(given) end

--- Diameters through the centre of k-space, k = (j - floor(S/2)) N/S (sin, cos) in (y, x).
--- 
--- ```lua
--- local k = lo.mri.radial{ spokes = 3, samples = 8, extent = 8, angles = "golden" }
--- print(k.shape)                      --> spoke=3 sample=8 d=2
--- ```
---@param given table spokes, samples; extent: N or {y=, x=}; angles: "uniform", "golden" or "tiny" with n (7); full: uniform angles over the whole turn; start: number of the first spoke (0); frames: so many times `spokes`, counted on; centre = false: half a sample towards positive k
---@return lunops.Tensor # traj  "spoke sample d" or "frame spoke sample d", f64, cycles per field of view
function lo.mri.radial(given) end

--- Ramp weights |k| of a 2-D radial trajectory, not scaled to cells: see `density`.
--- 
--- ```lua
--- local k = lo.mri.radial{ spokes = 2, samples = 4, extent = 4 }
--- print(lo.mri.ramp(k){ spoke = 1 }:totable()[1])      --> 2.0
--- ```
---@param traj lunops.Tensor "spoke sample d", f32 or f64, cycles per field of view
---@param opts? table distance of samples along a spoke, in cycles (default 1)
---@return lunops.Tensor # weight  "spoke sample", in the precision of traj
function lo.mri.ramp(traj, opts) end

--- Radial data with their trajectory: BART's cfl (with `traj`, or the data's name with "ksp" replaced by "traj"), or ISMRMRD, which carries its own.
--- 
--- ```lua
--- local _, why = pcall(lo.mri.spokes, "/no/such/ksp.cfl")
--- print(why.code)                                      --> file
--- ```
---@param path string 
---@param opts? table 
---@return table # scan  { ksp = "coil spoke sample", traj = "spoke sample d", size = N or nil }
function lo.mri.spokes(path, opts) end

--- What a radial scan of the phantom measures, with the maps and the band-limited image to compare with.
--- 
--- ```lua
--- local scan = lo.mri.scan{ size = 16, coils = 2, spokes = 5, samples = 32 }
--- print(scan.ksp.shape, scan.truth.shape)              --> coil=2 spoke=5 sample=32	y=16 x=16
--- ```
---@param given table size, coils, spokes, samples; noise s: complex, E|n|^2 = (s max|image|)^2; seed
---@return table # scan  { ksp, traj, size, maps, truth }
function lo.mri.scan(given) end

--- Fails before any work is done if PREFIX.npy or the report could not be written.
--- 
--- ```lua
--- print((select(2, pcall(lo.mri.check_output, "/no/such/folder/x"))).code)       --> file
--- ```
---@param prefix string 
---@param report? string 
function lo.mri.check_output(prefix, report) end

--- Density weights of a trajectory, in cells where it is radial, else its ramp; f32 or as asked.
--- 
--- ```lua
--- local k = lo.mri.radial{ spokes = 5, samples = 8, extent = 8 }
--- print(lo.mri.weights(k).shape)                       --> spoke=5 sample=8
--- ```
---@param traj lunops.Tensor "… d"
---@param dtype? string 
---@return lunops.Tensor # weight
function lo.mri.weights(traj, dtype) end

--- NUFFT of images "y x" of this extent at a trajectory "… d".
--- 
--- ```lua
--- local k = lo.mri.radial{ spokes = 5, samples = 8, extent = 8 }
--- print(lo.mri.nufft(k, { y = 8, x = 8 }).ishape)      --> y=8 x=8
--- ```
---@param traj lunops.Tensor "… d", cycles per field of view
---@param extent table by dim, with or without z
---@param opts? table (1e-4)
---@return lunops.Linop # F
function lo.mri.nufft(traj, extent, opts) end

--- Minimises 1/2 |A x - y|_W^2 + lambda/2 |x|^2, A = F S or mask FFT S, by conjugate gradients.
--- 
--- ```lua
--- local maps = lo.mri.coils{ count = 4, extent = 16 }
--- local traj = lo.mri.radial{ spokes = 20, samples = 32, extent = 16 }
--- local ksp = lo.mri.phantom{ extent = 16, coils = maps, traj = traj }
--- local image, info = lo.mri.sense{ ksp = ksp, traj = traj, maps = maps }
--- print(image.shape)                                   --> y=16 x=16
--- ```
---@param given table ksp "coil spoke sample" with traj "spoke sample d", or "coil ky kx" (or "coil y x") with mask (a tensor, or "auto": where data are not 0); maps "coil y x" (by lowres, with calib = 24, if absent); weight: "density", weights or a Diagonal; lambda (0); extent of the image, for traj without maps; iters (30); tol of cg (1e-6)
---@return lunops.Tensor # image
---@return table # info  of cg
function lo.mri.sense(given) end

return lo
