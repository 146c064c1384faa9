using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>
/// The one source of randomness: seeded, splittable into named or numbered streams, serialisable.
/// </summary>
/// <remarks>
/// The generator is xoshiro256++ (Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators");
/// its state is filled by SplitMix64 from a 128-bit key. A derived stream's key depends on its parent's key and
/// its own name or number alone, never on how much the parent has drawn: so the work can be cut into batches and
/// spread over workers without changing a digit. Not thread-safe; give each worker its own.
/// </remarks>
public sealed class RandomStream
{
    ulong _keyHigh, _keyLow;
    ulong _s0, _s1, _s2, _s3;

    RandomStream(ulong keyHigh, ulong keyLow)
    {
        (_keyHigh, _keyLow) = (keyHigh, keyLow);
        var seed = keyLow;
        _s0 = SplitMix64(ref seed);
        _s1 = SplitMix64(ref seed);
        seed ^= keyHigh;
        _s2 = SplitMix64(ref seed);
        _s3 = SplitMix64(ref seed);
        // All zeros is the one state that the generator never leaves.
        if ((_s0 | _s1 | _s2 | _s3) == 0)
            _s0 = 1;
    }

    /// <summary>The stream called <paramref name="name"/> under <paramref name="seed"/>.</summary>
    public static RandomStream Create(ulong seed, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return FromHash(seed, 0, 0, Encoding.UTF8.GetBytes(name));
    }

    /// <summary>The stream's child called <paramref name="name"/>; independent of how much this stream has drawn.</summary>
    public RandomStream Derive(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return FromHash(_keyHigh, _keyLow, 1, Encoding.UTF8.GetBytes(name));
    }

    /// <summary>The stream's child of number <paramref name="index"/>; cheap enough for one an episode.</summary>
    public RandomStream Derive(ulong index)
    {
        // Two rounds of a 64-bit finaliser on key and number; names go through SHA-256 under another tag.
        var low = Mix(_keyLow + (index * 0x9E3779B97F4A7C15UL));
        var high = Mix(_keyHigh ^ BitOperations.RotateLeft(low, 32) ^ index);
        return new RandomStream(high, low);
    }

    /// <summary>64 uniform bits.</summary>
    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_s0 + _s3, 23) + _s0;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), on the grid of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double Uniform(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>Uniform in [0, <paramref name="exclusiveMax"/>), without bias (Lemire 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exclusiveMax"/> is not positive.</exception>
    public int NextInt(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        return (int)NextBelow((ulong)exclusiveMax);
    }

    /// <summary>Uniform in [0, <paramref name="exclusiveMax"/>), without bias (Lemire 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exclusiveMax"/> is not positive.</exception>
    public long NextInt64(long exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        return (long)NextBelow((ulong)exclusiveMax);
    }

    /// <summary>Standard normal (Box and Muller 1958; the second variate is dropped so that the state stays four words).</summary>
    public double NextGaussian()
    {
        var radius = Math.Sqrt(-2.0 * Math.Log(1.0 - NextDouble()));
        return radius * Math.Cos(2.0 * Math.PI * NextDouble());
    }

    /// <summary>An index drawn with the given probabilities; what rounding leaves over goes to the last positive one.</summary>
    /// <param name="probabilities">[A], not negative, summing to 1 within rounding.</param>
    /// <exception cref="ArgumentException">No probability is positive.</exception>
    public int NextCategorical(ReadOnlySpan<double> probabilities)
    {
        var u = NextDouble();
        var sum = 0.0;
        var last = -1;
        for (var i = 0; i < probabilities.Length; i++)
        {
            if (!(probabilities[i] > 0))
                continue;
            last = i;
            sum += probabilities[i];
            if (u < sum)
                return i;
        }

        if (last < 0)
            throw new ArgumentException("No probability is positive: there is nothing to draw.", nameof(probabilities));
        return last;
    }

    /// <summary>A uniform permutation in place (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Everything that decides what is drawn next and what is derived.</summary>
    public RandomState GetState() => new(_keyHigh, _keyLow, _s0, _s1, _s2, _s3);

    /// <summary>Goes on exactly where <see cref="GetState"/> was taken.</summary>
    /// <exception cref="ArgumentException">The state is all zeros, which no stream ever has.</exception>
    public void SetState(RandomState state)
    {
        if ((state.S0 | state.S1 | state.S2 | state.S3) == 0)
            throw new ArgumentException("A random state of zeros only was found; expected one that GetState returned.", nameof(state));
        (_keyHigh, _keyLow) = (state.KeyHigh, state.KeyLow);
        (_s0, _s1, _s2, _s3) = (state.S0, state.S1, state.S2, state.S3);
    }

    static RandomStream FromHash(ulong first, ulong second, byte kind, byte[] name)
    {
        var input = new byte[17 + name.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(input, first);
        BinaryPrimitives.WriteUInt64LittleEndian(input.AsSpan(8), second);
        input[16] = kind;
        name.CopyTo(input, 17);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input, hash);
        return new RandomStream(BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]));
    }

    ulong NextBelow(ulong bound)
    {
        var high = Math.BigMul(NextUInt64(), bound, out var low);
        if (low < bound)
        {
            var threshold = (0 - bound) % bound;
            while (low < threshold)
                high = Math.BigMul(NextUInt64(), bound, out low);
        }

        return high;
    }

    static ulong SplitMix64(ref ulong state) => Mix(state += 0x9E3779B97F4A7C15UL);

    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}

/// <summary>A <see cref="RandomStream"/>'s state, for checkpoints.</summary>
public readonly record struct RandomState(ulong KeyHigh, ulong KeyLow, ulong S0, ulong S1, ulong S2, ulong S3);
