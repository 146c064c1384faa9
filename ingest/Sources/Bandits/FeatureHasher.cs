using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace OfflineRL.Ingest;

/// <summary>
/// Names of features to places in a vector of 2^bits numbers, by Vowpal Wabbit's hash: MurmurHash3 of the feature, seeded with that of its
/// namespace; names of digits alone are numbers added to the seed. Counts the names that share a place with another.
/// </summary>
sealed class FeatureHasher(string what, int bits)
{
    /// <summary>Names that are told apart in the count; more are hashed and not counted.</summary>
    const int MostCounted = 1 << 20;

    readonly HashSet<uint> _names = [];
    readonly BitArray _places = new(1 << bits);

    public int Width => 1 << bits;

    /// <summary>Distinct names so far.</summary>
    public int Names => _names.Count;

    /// <summary>How many names more there are than places that they fell into.</summary>
    public int Collisions
    {
        get
        {
            var places = 0;
            foreach (bool used in _places)
                places += used ? 1 : 0;
            return _names.Count - places;
        }
    }

    /// <summary>For the dataset's notes; null where there were no features.</summary>
    public string? Note => Names == 0 ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"{what}: {(Names == MostCounted ? "more than " : "")}{Names:N0} features were hashed into {Width:N0} numbers (bits={bits}); {Collisions:N0} fell on one that another had.");

    public static uint Namespace(ReadOnlySpan<byte> name) => name.IsEmpty ? 0 : Hash(name, 0);

    /// <summary>Vowpal Wabbit's default: <c>--hash strings</c>.</summary>
    public static uint Hash(ReadOnlySpan<byte> name, uint seed)
    {
        name = name.Trim((byte)' ');
        var number = 0u;
        foreach (var digit in name)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return Murmur(name, seed);
            number = unchecked((number * 10) + (uint)(digit - '0'));
        }

        return unchecked(number + seed);
    }

    public static uint Hash(string name, uint seed) => Hash(Encoding.UTF8.GetBytes(name), seed);

    /// <summary>Adds a feature to a vector of <see cref="Width"/> numbers.</summary>
    public void Add(Span<float> vector, uint feature, float value)
    {
        var place = (int)(feature & (uint)(Width - 1));
        vector[place] += value;
        if (_names.Count < MostCounted && _names.Add(feature))
            _places[place] = true;
    }

    static uint Murmur(ReadOnlySpan<byte> key, uint seed)
    {
        unchecked
        {
            const uint c1 = 0xCC9E2D51, c2 = 0x1B873593;
            var (h, length) = (seed, (uint)key.Length);
            for (; key.Length >= 4; key = key[4..])
            {
                var k = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(key) * c1;
                h = (BitOperations.RotateLeft(h ^ (BitOperations.RotateLeft(k, 15) * c2), 13) * 5) + 0xE6546B64;
            }

            var tail = 0u;
            for (var i = key.Length - 1; i >= 0; i--)
                tail = (tail << 8) | key[i];
            if (key.Length > 0)
                h ^= BitOperations.RotateLeft(tail * c1, 15) * c2;
            h ^= length;
            h = (h ^ (h >> 16)) * 0x85EBCA6B;
            h = (h ^ (h >> 13)) * 0xC2B2AE35;
            return h ^ (h >> 16);
        }
    }
}
