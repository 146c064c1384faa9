using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    internal static partial class Ops
    {
        internal static readonly Op Empty = new("empty", "memory_format"), Zeros = new("zeros"), Ones = new("ones"), Full = new("full"),
            EmptyLike = new("empty_like"), ZerosLike = new("zeros_like"), OnesLike = new("ones_like"), FullLike = new("full_like"),
            Arange = new("arange", "start_step"), Linspace = new("linspace"), Eye = new("eye", "m"), ScalarTensor = new("scalar_tensor");
    }

    // Every factory ends in the same four arguments: dtype, layout, device, pin_memory.
    static Tensor Finish(Tensor tensor, bool requires_grad) => requires_grad ? tensor.with_requires_grad() : tensor;

    static ScalarType Or(ScalarType? type) => type ?? get_default_dtype();

    public static Tensor empty(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.Empty.Call(size, Or(dtype), Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor empty(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        empty([size], dtype, device, requires_grad);

    public static Tensor empty(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        empty([rows, columns], dtype, device, requires_grad);

    public static Tensor zeros(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.Zeros.Call(size, Or(dtype), Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor zeros(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        zeros([size], dtype, device, requires_grad);

    public static Tensor zeros(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        zeros([rows, columns], dtype, device, requires_grad);

    public static Tensor zeros(long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        zeros([dim0, dim1, dim2], dtype, device, requires_grad);

    public static Tensor ones(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.Ones.Call(size, Or(dtype), Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor ones(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        ones([size], dtype, device, requires_grad);

    public static Tensor ones(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        ones([rows, columns], dtype, device, requires_grad);

    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.Full.Call(size, value, dtype ?? TypeOf(value), Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor full(long size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        full([size], value, dtype, device, requires_grad);

    static ScalarType TypeOf(Scalar value) => value.Kind == Tag.Double ? get_default_dtype() : value.Type;

    public static Tensor empty_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.EmptyLike.Call(input, dtype, Argument.None, device), requires_grad);

    public static Tensor zeros_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.ZerosLike.Call(input, dtype, Argument.None, device), requires_grad);

    public static Tensor ones_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.OnesLike.Call(input, dtype, Argument.None, device), requires_grad);

    public static Tensor full_like(Tensor input, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.FullLike.Call(input, value, dtype, Argument.None, device), requires_grad);

    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(0, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(start, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.Arange.Call(start, stop, step, dtype, Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.Linspace.Call(start, end, steps, Or(dtype), Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor eye(long rows, long columns = -1L, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(Ops.Eye.Call(rows, columns < 0 ? rows : columns, Or(dtype), Argument.None, InitializeDevice(device)), requires_grad);

    // float32 for a floating-point value, else the value's own type.
    static Tensor FromScalar(Scalar scalar, ScalarType? dtype, Device? device, bool requires_grad) =>
        Finish(Ops.ScalarTensor.Call(scalar, dtype ?? TypeOf(scalar), Argument.None, InitializeDevice(device)), requires_grad);

    public static Tensor tensor(bool scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromScalar(scalar, dtype, device, requires_grad);

    public static Tensor tensor(int scalar, Device? device = null, bool requires_grad = false) => FromScalar(scalar, ScalarType.Int32, device, requires_grad);

    public static Tensor tensor(long scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromScalar(scalar, dtype, device, requires_grad);

    public static Tensor tensor(float scalar, Device? device = null, bool requires_grad = false) => FromScalar(scalar, ScalarType.Float32, device, requires_grad);

    public static Tensor tensor(double scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromScalar(scalar, dtype ?? ScalarType.Float64, device, requires_grad);

    public static Tensor tensor(float[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, dimensions.ToArray(), dtype, device, requires_grad);

    public static Tensor tensor(float[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(Flat(rawArray), [rawArray.GetLength(0), rawArray.GetLength(1)], dtype, device, requires_grad);

    public static Tensor tensor(double[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(double[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, dimensions.ToArray(), dtype, device, requires_grad);

    public static Tensor tensor(double[,] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(Flat(rawArray), [rawArray.GetLength(0), rawArray.GetLength(1)], dtype, device, requires_grad);

    public static Tensor tensor(long[] dataArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(dataArray, [dataArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(long[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(dataArray, dimensions.ToArray(), dtype, device, requires_grad);

    public static Tensor tensor(int[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(int[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, dimensions.ToArray(), dtype, device, requires_grad);

    public static Tensor tensor(bool[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(bool[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, dimensions.ToArray(), dtype, device, requires_grad);

    public static Tensor tensor(byte[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(byte[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => FromArray(rawArray, dimensions.ToArray(), dtype, device, requires_grad);

    // A copy: the array stays the caller's.
    static Tensor FromArray<T>(ReadOnlySpan<T> values, long[] shape, ScalarType? dtype, Device? device, bool requires_grad) where T : unmanaged
    {
        OfflineRL.Torch.DrawTape.RefuseWhilePlaying("A tensor of numbers of the host");
        var dense = empty(shape, DTypes<T>());
        if (dense.NumberOfElements != values.Length)
        {
            dense.Dispose();
            throw TorchThrow.BadArgument($"{values.Length} elements do not fill the shape [{string.Join(", ", shape)}].", nameof(values));
        }
        values.CopyTo(MemoryMarshal.Cast<byte, T>(dense.bytes));
        var target = InitializeDevice(device);
        var type = dtype ?? dense.dtype;
        return Finish(type == dense.dtype && dense.IsOn(target) ? dense : dense.to(type, target, disposeAfter: true), requires_grad);
    }

    static Tensor FromArray<T>(T[] values, long[] shape, ScalarType? dtype, Device? device, bool requires_grad) where T : unmanaged =>
        FromArray((ReadOnlySpan<T>)values, shape, dtype, device, requires_grad);

    static ScalarType DTypes<T>() where T : unmanaged => Utils.DTypes.Of<T>();

    static T[] Flat<T>(T[,] values) where T : unmanaged =>
        values.Length == 0 ? [] : MemoryMarshal.CreateSpan(ref values[0, 0], values.Length).ToArray();
}
