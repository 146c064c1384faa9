namespace OfflineRL.Environments;

/// <summary>The last rows of each instance, in rings.</summary>
/// <param name="width">Numbers of a row.</param>
/// <param name="length">Rows kept.</param>
/// <param name="count">Instances.</param>
sealed class RecentRows(int width, int length, int count)
{
    readonly float[] _rows = new float[(long)width * length * count];

    // [B]: the newest row's place.
    readonly int[] _newest = new int[count];

    /// <summary>Makes all rows of an instance one.</summary>
    public void Fill(int instance, ReadOnlySpan<float> row)
    {
        for (var age = 0; age < length; age++)
            row.CopyTo(Row(instance, age));
    }

    /// <summary>Drops the oldest row of an instance.</summary>
    /// <returns>Where the newest goes; to be written whole.</returns>
    public Span<float> Push(int instance)
    {
        _newest[instance] = (_newest[instance] + 1) % length;
        return Row(instance, 0);
    }

    /// <summary>A row by its age: 0 the newest, length - 1 the oldest.</summary>
    public Span<float> Row(int instance, int age) =>
        _rows.AsSpan(((instance * length) + ((_newest[instance] + length - age) % length)) * width, width);

    /// <summary>Adds all rows of an instance, oldest first.</summary>
    public void Save(int instance, List<float> numbers)
    {
        for (var age = length - 1; age >= 0; age--)
            numbers.AddRange(Row(instance, age));
    }

    /// <summary>Takes back what <see cref="Save"/> added.</summary>
    public void Restore(int instance, WrapperMemory memory)
    {
        for (var age = length - 1; age >= 0; age--)
            memory.Numbers(width).CopyTo(Row(instance, age));
    }
}
