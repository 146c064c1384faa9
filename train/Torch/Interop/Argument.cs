using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

/// <summary>What an argument or result holds; numbered as in dispatch.cpp.</summary>
enum Tag
{
    None = 0,
    Tensor = 1,
    Int = 2,
    Double = 3,
    Bool = 4,
    IntList = 5,
    DoubleList = 6,
    TensorList = 7,
    OptionalTensorList = 8,
    String = 9,
    Device = 10,
    Generator = 11,
    Default = 12,
}

/// <summary>One argument as the shim reads it.</summary>
[StructLayout(LayoutKind.Sequential)]
struct NativeArgument
{
    internal Tag Tag;
    internal int Count;
    internal long Value;
}

/// <summary>One result as the shim writes it.</summary>
[StructLayout(LayoutKind.Explicit)]
struct NativeResult
{
    [FieldOffset(0)] internal Tag Tag;
    [FieldOffset(8)] internal long Value;
    [FieldOffset(8)] internal IntPtr Handle;
    [FieldOffset(16)] internal long Bytes;
}

/// <summary>
/// One argument of an operator call: a number, or the object that holds the native value and is thereby kept alive
/// until the call is over.
/// </summary>
readonly struct Argument
{
    internal readonly object? Reference;
    internal readonly long Bits;
    internal readonly Tag Tag;
    internal readonly int Index;

    Argument(Tag tag, long bits, object? reference = null, int index = 0) => (Tag, Bits, Reference, Index) = (tag, bits, reference, index);

    /// <summary>Leave the argument to the operator's own default.</summary>
    internal static Argument Default => new(Tag.Default, 0);

    internal static Argument None => new(Tag.None, 0);

    internal static Argument OptionalTensors(Tensor?[] tensors) => new(Tag.OptionalTensorList, 0, tensors);

    public static implicit operator Argument(Tensor? tensor) => tensor is null ? None : new(Tag.Tensor, 0, tensor);

    public static implicit operator Argument(Tensor[] tensors) => new(Tag.TensorList, 0, tensors);

    public static implicit operator Argument(long value) => new(Tag.Int, value);

    public static implicit operator Argument(long? value) => value is { } v ? new(Tag.Int, v) : None;

    public static implicit operator Argument(int value) => new(Tag.Int, value);

    public static implicit operator Argument(double value) => new(Tag.Double, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Argument(double? value) => value is { } v ? v : None;

    public static implicit operator Argument(bool value) => new(Tag.Bool, value ? 1 : 0);

    public static implicit operator Argument(long[]? values) => values is null ? None : new(Tag.IntList, 0, values);

    public static implicit operator Argument(string? text) => text is null ? None : new(Tag.String, 0, text);

    public static implicit operator Argument(Scalar? value) => value is null ? None : new(value.Kind, value.Bits);

    public static implicit operator Argument(ScalarType type) => new(Tag.Int, (long)type);

    public static implicit operator Argument(ScalarType? type) => type is { } t ? new(Tag.Int, (long)t) : None;

    public static implicit operator Argument(Device? device) => device is null ? None : new(Tag.Device, (long)device.type, null, device.index);

    public static implicit operator Argument(Generator? generator) => generator is null ? None : new(Tag.Generator, 0, generator);

    public static implicit operator Argument(nn.Reduction reduction) => new(Tag.Int, (long)reduction);
}
