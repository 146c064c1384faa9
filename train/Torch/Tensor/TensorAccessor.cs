using System.Collections;
using System.Runtime.InteropServices;

namespace TorchSharp.Utils;

/// <summary>Reads and writes the elements of a tensor on the CPU, in row-major order of its shape.</summary>
public sealed class TensorAccessor<T> : IEnumerable<T> where T : unmanaged
{
    readonly torch.Tensor _tensor;

    internal TensorAccessor(torch.Tensor tensor)
    {
        if (!tensor.is_cpu()) throw new InvalidOperationException($"data: {tensor} is not on the CPU; call cpu() first.");
        if (DTypes.Of<T>() != tensor.dtype)
        {
            throw new ArgumentException($"data: {tensor} read as {typeof(T).Name}; expected the type that {tensor.dtype} stands for.");
        }
        _tensor = tensor;
    }

    public long Count => _tensor.NumberOfElements;

    public T[] ToArray()
    {
        var array = new T[Count];
        CopyTo(array.AsSpan());
        return array;
    }

    public T this[params long[] indices]
    {
        get => Span[Flat(indices)];
        set => Span[Flat(indices)] = value;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        if (_tensor.is_contiguous())
        {
            Span[(int)tensorIndex..].CopyTo(array[arrayIndex..]);
            return;
        }
        using var dense = _tensor.contiguous();
        dense.data<T>().Span[(int)tensorIndex..].CopyTo(array[arrayIndex..]);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    /// <summary>Copies what fits from arrayIndex on.</summary>
    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = Span[(int)tensorIndex..];
        var source = array[arrayIndex..];
        source[..Math.Min(source.Length, target.Length)].CopyTo(target);
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    Span<T> Span => MemoryMarshal.Cast<byte, T>(_tensor.bytes);

    int Flat(long[] indices)
    {
        var sizes = _tensor.shape;
        if (indices.Length == 1 && sizes.Length != 1) return (int)indices[0];
        long flat = 0;
        for (var k = 0; k < indices.Length; k++) flat = flat * sizes[k] + indices[k];
        return (int)flat;
    }
}

/// <summary>Element types and the C# types that hold them.</summary>
static class DTypes
{
    internal static torch.ScalarType Of<T>() where T : unmanaged => default(T) switch
    {
        float => torch.ScalarType.Float32,
        double => torch.ScalarType.Float64,
        long => torch.ScalarType.Int64,
        int => torch.ScalarType.Int32,
        short => torch.ScalarType.Int16,
        sbyte => torch.ScalarType.Int8,
        byte => torch.ScalarType.Byte,
        bool => torch.ScalarType.Bool,
        Half => torch.ScalarType.Float16,
        _ => throw new ArgumentException($"{typeof(T).Name} is no tensor element type."),
    };
}
