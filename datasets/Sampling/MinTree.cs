namespace OfflineRL.Datasets;

/// <summary>Numbers with their least, kept up to date in a few steps.</summary>
sealed class MinTree
{
    const int Shift = 4, Fan = 1 << Shift;

    readonly float[][] _levels;

    public MinTree(int count)
    {
        List<float[]> levels = [];
        for (var nodes = count; ; nodes = (nodes + Fan - 1) >> Shift)
        {
            var level = new float[nodes == 1 ? 1 : (nodes + Fan - 1) >> Shift << Shift];
            Array.Fill(level, float.PositiveInfinity);
            levels.Add(level);
            if (nodes == 1)
                break;
        }

        _levels = [.. levels];
    }

    public float Least => _levels[^1][0];

    public void Set(int item, float value)
    {
        _levels[0][item] = value;
        for (var level = 1; level < _levels.Length; level++)
        {
            item >>= Shift;
            _levels[level][item] = LeastOf(_levels[level - 1].AsSpan(item << Shift, Fan));
        }
    }

    public void SetAll(ReadOnlySpan<float> values)
    {
        values.CopyTo(_levels[0]);
        for (var level = 1; level < _levels.Length; level++)
        {
            for (var node = 0; node << Shift < _levels[level - 1].Length; node++)
                _levels[level][node] = LeastOf(_levels[level - 1].AsSpan(node << Shift, Fan));
        }
    }

    static float LeastOf(ReadOnlySpan<float> children)
    {
        var least = children[0];
        foreach (var child in children)
            least = Math.Min(least, child);
        return least;
    }
}
