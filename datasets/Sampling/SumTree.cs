using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>
/// Weights of items with their sums, so that an item is found by its share, and changed, in a few steps: each node has 16
/// children, which lie in one cache line or two. A million items are five levels.
/// </summary>
/// <remarks>
/// Every sum is added up anew from its children when one changes, in a fixed order: so the sums are a function of the weights
/// alone, do not drift, and need not be stored. Leaves are float32, sums float64.
/// </remarks>
public sealed class SumTree
{
    const int Shift = 4, Fan = 1 << Shift;

    readonly float[] _leaves;
    readonly double[][] _sums;

    /// <param name="count">Items; all have the weight 0 at first.</param>
    public SumTree(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _leaves = GC.AllocateArray<float>((int)Math.Min((((long)count + Fan - 1) >> Shift) << Shift, Array.MaxLength), pinned: true);
        List<double[]> sums = [];
        var nodes = count;
        do
        {
            nodes = (nodes + Fan - 1) >> Shift;
            sums.Add(GC.AllocateArray<double>(nodes == 1 ? 1 : (nodes + Fan - 1) >> Shift << Shift, pinned: true));
        }
        while (nodes > 1);
        _sums = [.. sums];
    }

    public int Count { get; }

    /// <summary>The sum of all weights.</summary>
    public double Total => _sums[^1][0];

    /// <summary>[Count], the weights.</summary>
    public ReadOnlySpan<float> Weights => _leaves.AsSpan(0, Count);

    public float this[int item] => Weights[item];

    /// <summary>Changes one weight and the sums above it.</summary>
    /// <param name="item">From 0.</param>
    /// <param name="weight">Finite, not negative.</param>
    public void Set(int item, float weight)
    {
        if ((uint)item >= (uint)Count || !(weight >= 0) || !float.IsFinite(weight))
            throw new ArgumentException($"Item {item} of {Count} with the weight {weight}; expected a finite weight of at least 0.", nameof(item));
        _leaves[item] = weight;
        var node = item >> Shift;
        _sums[0][node] = SumOf(_leaves, node);
        for (var level = 1; level < _sums.Length; level++)
        {
            node >>= Shift;
            _sums[level][node] = SumOf(_sums[level - 1], node);
        }
    }

    /// <summary>Changes all weights.</summary>
    /// <param name="weights">[Count], finite, not negative.</param>
    public void SetAll(ReadOnlySpan<float> weights)
    {
        foreach (var weight in weights)
        {
            if (!(weight >= 0) || !float.IsFinite(weight))
                throw new ArgumentException($"A weight is {weight}; expected a finite one of at least 0.", nameof(weights));
        }

        if (weights.Length != Count)
            throw new ArgumentException($"{weights.Length} weights for {Count} items.", nameof(weights));
        weights.CopyTo(_leaves);
        for (var node = 0; node << Shift < Count; node++)
            _sums[0][node] = SumOf(_leaves, node);
        for (var level = 1; level < _sums.Length; level++)
        {
            for (var node = 0; node << Shift < _sums[level - 1].Length; node++)
                _sums[level][node] = SumOf(_sums[level - 1], node);
        }
    }

    /// <summary>The item within whose part of the whole <paramref name="mass"/> falls; never one of weight 0.</summary>
    /// <param name="mass">In [0, <see cref="Total"/>).</param>
    public int Find(double mass)
    {
        var node = 0;
        for (var level = _sums.Length - 2; level >= 0; level--)
            node = Child(_sums[level], node, ref mass);
        return Child(_leaves, node, ref mass);
    }

    // Rounding may leave a little more mass than the children have: then the last one that has any is meant.
    static int Child(double[] children, int node, ref double mass)
    {
        ref var first = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(children), node << Shift);
        var last = 0;
        var before = 0.0;
        for (var c = 0; c < Fan; c++)
        {
            var weight = Unsafe.Add(ref first, c);
            if (weight == 0)
                continue;
            if (mass < weight)
                return (node << Shift) + c;
            (last, before) = (c, mass);
            mass -= weight;
        }

        mass = before;
        return (node << Shift) + last;
    }

    static int Child(float[] children, int node, ref double mass)
    {
        ref var first = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(children), node << Shift);
        var last = 0;
        for (var c = 0; c < Fan; c++)
        {
            double weight = Unsafe.Add(ref first, c);
            if (weight == 0)
                continue;
            last = c;
            if (mass < weight)
                break;
            mass -= weight;
        }

        return (node << Shift) + last;
    }

    // In pairs, so that the additions do not wait for each other; always the same pairs.
    static double SumOf(float[] children, int node)
    {
        ref var c = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(children), node << Shift);
        return Four(ref c, 0) + Four(ref c, 4) + (Four(ref c, 8) + Four(ref c, 12));

        static double Four(ref float c, int at) =>
            (double)Unsafe.Add(ref c, at) + Unsafe.Add(ref c, at + 1) + ((double)Unsafe.Add(ref c, at + 2) + Unsafe.Add(ref c, at + 3));
    }

    static double SumOf(double[] children, int node)
    {
        ref var c = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(children), node << Shift);
        return Four(ref c, 0) + Four(ref c, 4) + (Four(ref c, 8) + Four(ref c, 12));

        static double Four(ref double c, int at) =>
            Unsafe.Add(ref c, at) + Unsafe.Add(ref c, at + 1) + (Unsafe.Add(ref c, at + 2) + Unsafe.Add(ref c, at + 3));
    }
}
