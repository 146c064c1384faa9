using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>
/// Folds of whole episodes, by a hash of the episode's key (of what the split hashes, where it hashes something else): the same episode falls into the
/// same fold in every dataset that holds it, independent of the split.
/// </summary>
/// <param name="Folds">How many there are, at least 2.</param>
/// <param name="Fold">One of them, from 0.</param>
/// <param name="Inside">True: the episodes of the fold; false: all others.</param>
public readonly record struct EpisodeFold(int Folds, int Fold, bool Inside)
{
    /// <summary>The first 64 bits of SHA-256 over "fold:key" in UTF-8.</summary>
    public static long Hash(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes("fold:" + key), hash);
        return BinaryPrimitives.ReadInt64BigEndian(hash);
    }

    /// <summary>The fold of a key with that hash.</summary>
    public static int Of(long hash, int folds) => (int)(((UInt128)(ulong)hash * (uint)folds) >> 64);

    /// <summary>Whether an episode whose key has that hash belongs to what this names.</summary>
    public bool Takes(long hash) => (Of(hash, Folds) == Fold) == Inside;
}
