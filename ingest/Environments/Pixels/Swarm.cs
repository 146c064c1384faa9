namespace OfflineRL.Environments;

/// <summary>Something that moves along a row of a pixel game.</summary>
/// <param name="X">Column; outside 0 to 9 only within a frame.</param>
/// <param name="Y">Row.</param>
/// <param name="MovesRight">Else left.</param>
/// <param name="ToMove">Frames until it moves.</param>
/// <param name="ToShoot">Frames until it shoots; 0 for what does not.</param>
record struct Swimmer(sbyte X, sbyte Y, bool MovesRight, sbyte ToMove = 0, sbyte ToShoot = 0)
{
    public readonly bool IsOutside => X is < 0 or >= PixelGame.Side;

    public readonly bool IsAt(int x, int y) => X == x && Y == y;

    public void Move() => X += (sbyte)(MovesRight ? 1 : -1);
}

/// <summary>Lists of swimmers, one an instance, of a fixed capacity.</summary>
sealed class Swarm(int capacity, int count)
{
    readonly Swimmer[] _all = new Swimmer[capacity * count];
    readonly int[] _counts = new int[count];

    public int Capacity => capacity;

    /// <summary>Those of an instance, oldest first.</summary>
    public Span<Swimmer> Of(int instance) => _all.AsSpan(instance * capacity, _counts[instance]);

    public void Clear(int instance) => _counts[instance] = 0;

    /// <summary>Adds one at the end; nothing where the list is full, which its owner's capacity rules out in play.</summary>
    public void Add(int instance, Swimmer swimmer)
    {
        if (_counts[instance] < capacity)
            _all[(instance * capacity) + _counts[instance]++] = swimmer;
    }

    public void RemoveAt(int instance, int index)
    {
        var list = Of(instance);
        list[(index + 1)..].CopyTo(list[index..]);
        _counts[instance]--;
    }

    /// <summary>Removes the first that is equal, as the lists of the reference do.</summary>
    /// <returns>Where it was.</returns>
    public int Remove(int instance, Swimmer swimmer)
    {
        var index = Of(instance).IndexOf(swimmer);
        RemoveAt(instance, index);
        return index;
    }

    /// <summary>The first at a cell; -1 where none is.</summary>
    public int At(int instance, int x, int y)
    {
        var list = Of(instance);
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i].IsAt(x, y))
                return i;
        }

        return -1;
    }
}
