namespace OfflineRL.Ingest;

/// <summary>
/// Which ids were seen, as 64-bit hashes: millions of episodes in tens of megabytes. Two ids of one hash would only cost a sort that was not needed.
/// </summary>
sealed class SeenIds
{
    // Open addressing; zero is an empty place.
    ulong[] _table = new ulong[1024];
    int _count;

    /// <returns>False: it was there.</returns>
    public bool Add(ReadOnlySpan<byte> id)
    {
        if (_count >= _table.Length / 4 * 3)
            Grow();
        return Insert(Hash(id));
    }

    bool Insert(ulong hash)
    {
        var at = hash & (ulong)(_table.Length - 1);
        for (; _table[at] != 0; at = (at + 1) & (ulong)(_table.Length - 1))
        {
            if (_table[at] == hash)
                return false;
        }

        _table[at] = hash;
        _count++;
        return true;
    }

    void Grow()
    {
        var old = _table;
        (_table, _count) = (new ulong[old.Length * 2], 0);
        foreach (var hash in old)
        {
            if (hash != 0)
                Insert(hash);
        }
    }

    // FNV-1a, and MurmurHash3's last step, by which every bit of the id reaches the bits that choose the place.
    static ulong Hash(ReadOnlySpan<byte> id)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in id)
            hash = (hash ^ b) * 1099511628211UL;
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDUL;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53UL;
        hash ^= hash >> 33;
        return hash == 0 ? 1 : hash;
    }
}
