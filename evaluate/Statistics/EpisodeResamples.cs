using System.Runtime.Intrinsics;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// Bootstrap replicates of many statistics of the same episodes at once: counts [resamples, E] times terms [E, columns], where
/// a column is one slot of one statistic.
/// </summary>
/// <remarks>
/// Every sum adds episodes in one fixed order with fused multiply-adds, whatever the number of threads and the width of the
/// machine's vectors: the digits are always the same. Episodes are ordered by falling length, so that a late slot's columns hold only the
/// episodes that reach it: the work is resamples x steps, not resamples x episodes x longest.
/// </remarks>
sealed class EpisodeResamples
{
    // Columns of a panel: two vectors of four. Resamples of a tile: as many as keep all sums in registers.
    const int Wide = 8;
    const int Tall = 6;

    // Numbers in counts and in sums that are held at a time: 64 MiB each.
    const long Held = 8 << 20;

    readonly int _episodes;
    readonly int[] _position;
    readonly int[] _length;
    readonly List<Panel> _panels = [];
    readonly List<(EpisodeStatistic Statistic, int Offset, int Numerator, int Denominator)> _placed = [];
    readonly Dictionary<double[], int> _placedTerms = new(ReferenceEqualityComparer.Instance as IEqualityComparer<double[]>);
    int _columns;

    public EpisodeResamples(IReadOnlyList<EpisodeStatistic> statistics)
    {
        _episodes = statistics[0].Episodes;
        var first = statistics.Select(s => s.First).FirstOrDefault(f => f is not null);
        _length = Enumerable.Range(0, _episodes).Select(i => first is null ? 1 : first[i + 1] - first[i]).ToArray();
        var order = Enumerable.Range(0, _episodes).OrderByDescending(i => _length[i]).ToArray();
        _position = new int[_episodes];
        for (var p = 0; p < order.Length; p++)
            _position[order[p]] = p;

        var flat = statistics.SelectMany(s => s.First is null ? (IEnumerable<double[]?>)[s.Offsets, s.Numerators, s.Denominators] : [s.Offsets])
            .OfType<double[]>().Distinct(ReferenceEqualityComparer.Instance).Cast<double[]>().ToList();
        PlaceFlat(flat, order);
        foreach (var terms in statistics.Where(s => s.First is not null).SelectMany(s => (double[][])[s.Numerators!, s.Denominators!]))
            PlaceRagged(terms, first!, order);
        foreach (var s in statistics)
            _placed.Add((s, Place(s.Offsets), Place(s.Numerators), Place(s.Denominators)));

        int Place(double[]? terms) => terms is null ? -1 : _placedTerms[terms];
    }

    /// <summary>One array [resamples] for each statistic.</summary>
    /// <param name="resamples">How many.</param>
    /// <param name="stream">Resample b draws from child b of it.</param>
    /// <param name="cancellation">Looked at now and then.</param>
    /// <param name="processors">At most so many threads; -1: all there are.</param>
    public double[][] Draw(int resamples, RandomStream stream, CancellationToken cancellation, int processors = -1)
    {
        var replicates = _placed.Select(_ => new double[resamples]).ToArray();
        var chunk = (int)Math.Clamp(Held / Math.Max(_episodes, _columns), Tall, Math.Max(Tall, resamples));
        chunk = (chunk + Tall - 1) / Tall * Tall;
        var counts = new double[(long)chunk * _episodes];
        var sums = new double[(long)chunk * _columns];
        var parallel = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = processors };
        for (var start = 0; start < resamples; start += chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            var (from, here) = (start, Math.Min(chunk, resamples - start));
            // Tiles beyond the last resample are computed and not looked at.
            var tiles = (here + Tall - 1) / Tall;
            Parallel.For(0, tiles, parallel, tile => Count(counts, stream, from, tile, resamples));
            Parallel.For(0, _panels.Count, parallel, p => Multiply(_panels[p], counts, sums, tiles));
            Parallel.For(0, here, parallel, r => Combine(replicates, counts, sums, from, r));
        }

        return replicates;
    }

    void PlaceFlat(List<double[]> terms, int[] order)
    {
        for (var c = 0; c < terms.Count; c += Wide)
        {
            var panel = new Panel(_columns, _episodes, new double[(long)_episodes * Wide]);
            for (var j = 0; j < Math.Min(Wide, terms.Count - c); j++)
            {
                _placedTerms[terms[c + j]] = _columns + j;
                for (var p = 0; p < _episodes; p++)
                    panel.Terms[(p * Wide) + j] = terms[c + j][order[p]];
            }

            _panels.Add(panel);
            _columns += Wide;
        }
    }

    void PlaceRagged(double[] terms, int[] first, int[] order)
    {
        if (!_placedTerms.TryAdd(terms, _columns))
            return;
        var longest = _length[order[0]];
        for (var k = 0; k < longest; k += Wide)
        {
            var reach = order.TakeWhile(i => _length[i] > k).Count();
            var panel = new Panel(_columns, reach, new double[(long)reach * Wide]);
            for (var p = 0; p < reach; p++)
            {
                var row = first[order[p]] + k;
                terms.AsSpan(row, Math.Min(Wide, first[order[p] + 1] - row)).CopyTo(panel.Terms.AsSpan(p * Wide));
            }

            _panels.Add(panel);
            _columns += Wide;
        }
    }

    /// <summary>Draws the counts of a tile's resamples, [tile, E, Tall].</summary>
    void Count(double[] counts, RandomStream stream, int from, int tile, int resamples)
    {
        var block = counts.AsSpan(tile * Tall * _episodes, Tall * _episodes);
        block.Clear();
        for (var r = 0; r < Tall && from + (tile * Tall) + r < resamples; r++)
        {
            var draw = stream.Derive((ulong)(from + (tile * Tall) + r));
            for (var i = 0; i < _episodes; i++)
                block[(_position[draw.NextInt(_episodes)] * Tall) + r]++;
        }
    }

    void Multiply(Panel panel, double[] counts, double[] sums, int tiles)
    {
        for (var tile = 0; tile < tiles; tile++)
        {
            var block = counts.AsSpan(tile * Tall * _episodes, Tall * _episodes);
            Tile(panel.Terms, block, panel.Episodes, sums.AsSpan((tile * Tall * _columns) + panel.Column), _columns);
        }
    }

    /// <summary>[Tall, Wide] sums over episodes of count x term.</summary>
    static void Tile(ReadOnlySpan<double> terms, ReadOnlySpan<double> counts, int episodes, Span<double> sums, int stride)
    {
        Vector256<double> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default;
        Vector256<double> d0 = default, d1 = default, e0 = default, e1 = default, f0 = default, f1 = default;
        ref var term = ref System.Runtime.InteropServices.MemoryMarshal.GetReference(terms);
        ref var count = ref System.Runtime.InteropServices.MemoryMarshal.GetReference(counts);
        _ = terms[..(episodes * Wide)];
        _ = counts[..(episodes * Tall)];
        for (var i = 0; i < episodes; i++)
        {
            var x = Vector256.LoadUnsafe(ref term, (nuint)(i * Wide));
            var y = Vector256.LoadUnsafe(ref term, (nuint)((i * Wide) + 4));
            var m = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref count, i * Tall));
            (a0, a1) = (Vector256.FusedMultiplyAdd(m, x, a0), Vector256.FusedMultiplyAdd(m, y, a1));
            m = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref count, (i * Tall) + 1));
            (b0, b1) = (Vector256.FusedMultiplyAdd(m, x, b0), Vector256.FusedMultiplyAdd(m, y, b1));
            m = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref count, (i * Tall) + 2));
            (c0, c1) = (Vector256.FusedMultiplyAdd(m, x, c0), Vector256.FusedMultiplyAdd(m, y, c1));
            m = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref count, (i * Tall) + 3));
            (d0, d1) = (Vector256.FusedMultiplyAdd(m, x, d0), Vector256.FusedMultiplyAdd(m, y, d1));
            m = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref count, (i * Tall) + 4));
            (e0, e1) = (Vector256.FusedMultiplyAdd(m, x, e0), Vector256.FusedMultiplyAdd(m, y, e1));
            m = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref count, (i * Tall) + 5));
            (f0, f1) = (Vector256.FusedMultiplyAdd(m, x, f0), Vector256.FusedMultiplyAdd(m, y, f1));
        }

        Store(sums, a0, a1);
        Store(sums[stride..], b0, b1);
        Store(sums[(2 * stride)..], c0, c1);
        Store(sums[(3 * stride)..], d0, d1);
        Store(sums[(4 * stride)..], e0, e1);
        Store(sums[(5 * stride)..], f0, f1);
    }

    static void Store(Span<double> sums, Vector256<double> low, Vector256<double> high)
    {
        low.CopyTo(sums);
        high.CopyTo(sums[4..]);
    }

    void Combine(double[][] replicates, double[] counts, double[] sums, int from, int r)
    {
        var row = sums.AsSpan(r * _columns, _columns);
        var block = counts.AsSpan(r / Tall * Tall * _episodes);
        Dictionary<int, double[]> absorbed = [];
        for (var s = 0; s < _placed.Count; s++)
        {
            var (statistic, offset, numerator, denominator) = _placed[s];
            var value = offset < 0 ? 0 : row[offset] / _episodes;
            if (numerator >= 0)
            {
                ReadOnlySpan<double> totals = row.Slice(denominator, statistic.Slots);
                if (statistic.IsAbsorbing)
                {
                    if (!absorbed.TryGetValue(denominator, out var whole))
                        absorbed[denominator] = whole = Absorbed(statistic, totals, block, r % Tall);
                    totals = whole;
                }

                value = EpisodeStatistic.Combine(value, row.Slice(numerator, statistic.Slots), totals);
            }

            replicates[s][from + r] = value;
        }
    }

    double[] Absorbed(EpisodeStatistic statistic, ReadOnlySpan<double> running, ReadOnlySpan<double> counts, int lane)
    {
        var (totals, finished) = (running.ToArray(), new double[statistic.Slots]);
        for (var i = 0; i < _episodes; i++)
            finished[_length[i] - 1] += counts[(_position[i] * Tall) + lane] * statistic.Denominators![statistic.First![i + 1] - 1];
        statistic.Absorb(finished, totals);
        return totals;
    }

    /// <summary>Terms of <c>Wide</c> columns for the first episodes in the order here, [Episodes, Wide].</summary>
    sealed record Panel(int Column, int Episodes, double[] Terms);
}
