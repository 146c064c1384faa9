using OfflineRL.Datasets;
using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>
/// Measures any world model on held-out episodes: k steps ahead without seeing what comes, beside persistence, and whether its spread is right. The same states at every call.
/// </summary>
/// <remarks>What came after a termination is no one's to predict: there the reward and the termination count, the observation does not. So it is where a last observation is not known.</remarks>
public sealed class HeldOutDreams : IDisposable
{
    // Dimensions that get rows of their own; of images there are too many.
    const int MostDimensions = 64;

    // Steps that a memory sees before a dream.
    const int Context = 32;

    // Half of the middle 50, 80 and 95 % of a standard normal distribution.
    static readonly double[] Quantiles = [0.6744897501960817, 1.2815515655446004, 1.959963984540054];

    readonly EpisodeReplay _replay;
    readonly EpisodeBatch _batch;
    readonly IReadOnlyList<int> _horizons;
    readonly int _samples, _actions;
    readonly double[] _units;
    readonly bool _isVector;
    // On the host, one a start: its row, the rows after it in its episode, and how that ends.
    readonly long[] _rows;
    readonly int[] _left;
    readonly bool[] _terminated, _finalKnown;
    readonly double[] _before;
    readonly float[] _rewards;
    readonly Device _device;

    /// <param name="data">What is held out is a part of it; outlives this.</param>
    /// <param name="split">That part.</param>
    /// <param name="fitted">Normalisers of the part that is learned from.</param>
    /// <param name="config">Horizons, starts and samples.</param>
    /// <param name="frameStack">Frames that make one observation.</param>
    /// <param name="random">Decides which states.</param>
    /// <param name="device">Where the model is.</param>
    /// <exception cref="UserErrorException">No episode is as long as the longest horizon.</exception>
    public HeldOutDreams(TrainingData data, string split, FittedNormalization fitted, WorldModelConfig config, int frameStack, RandomStream random, Device device)
    {
        RequireLength(data, split, config);
        (_horizons, _samples, _device) = (config.ErrorHorizons, config.ErrorSamples, device);
        var selections = data.Sources.Select(source => EpisodeSelection.Of(source.Columns, split)).ToList();
        var (steps, episodes) = (selections.Sum(s => s.Steps), selections.Sum(s => (long)s.Episodes.Length));
        // About eight states of the log for each that predictions start from, if there are so many.
        var wanted = Math.Max(8, 8L * config.ErrorStarts * episodes / steps);
        var settings = new ReplaySettings
        {
            Needs = ReplayNeeds.OfEpisodes(ActionKind.Any, 1, wanted >= episodes ? 0 : (int)wanted, propensities: false),
            BatchSize = 1,
            Split = split,
            Fitted = fitted,
            Replay = new() { FrameStack = frameStack, Placement = "host", PrefetchBatches = "0" },
        };
        _replay = new EpisodeReplay(data, settings, random.Derive("episodes"), device);
        _batch = _replay.Next();
        _actions = data.Info.ActionSpace is DiscreteSpace discrete ? discrete.Count : data.Info.ActionSpace.FlatSize;
        _isVector = fitted.Encoder.Encoding is ObservationEncoding.Identity or ObservationEncoding.Affine;
        _units = UnitsOf(fitted.Encoder);
        _rewards = [.. _batch.Rewards.cpu().data<float>().ToArray()];
        _rows = Starts(random.Derive("starts"), config.ErrorStarts);
        (_left, _terminated, _finalKnown, _before) = (new int[_rows.Length], new bool[_rows.Length], new bool[_rows.Length], new double[_rows.Length]);
        var mean = _rewards.Average(r => (double)r);
        for (var i = 0; i < _rows.Length; i++)
        {
            var episode = EpisodeOf(_rows[i]);
            var columns = data.Sources[_batch.Sources[episode]].Columns;
            var number = _batch.Numbers[episode];
            var last = columns.EpisodeFirstRow[number + 1][0] - 1;
            _left[i] = (int)(_batch.Starts[episode + 1] - 1 - _rows[i]);
            _terminated[i] = columns.Terminated[last][0] != 0;
            _finalKnown[i] = columns.FinalObservationKnown[number][0] != 0 && !_terminated[i];
            _before[i] = _rows[i] > _batch.Starts[episode] ? _rewards[_rows[i] - 1] : mean;
        }
    }

    /// <summary>Refuses data of which no episode is as long as the longest horizon.</summary>
    /// <exception cref="UserErrorException">That is so; the message says what to set.</exception>
    public static void RequireLength(TrainingData data, string split, WorldModelConfig config)
    {
        var longest = LongestEpisode(data, split);
        if (longest < config.ErrorHorizons[^1])
            Throw.User($"Dataset {data.Info.Dataset}, part '{split}': its longest episode has {longest} steps, and world_model.error_horizons goes to {config.ErrorHorizons[^1]}; expected at most {longest}. Set it lower, or choose a dataset with longer episodes.");
    }

    /// <summary>Steps of the longest episode of a part; 0: it has none.</summary>
    internal static long LongestEpisode(TrainingData data, string split)
    {
        var longest = 0L;
        foreach (var selection in data.Sources.Select(source => EpisodeSelection.Of(source.Columns, split)))
        {
            foreach (var episode in selection.Episodes)
            {
                var rows = selection.Columns.EpisodeFirstRow.Slice(episode, 2);
                longest = Math.Max(longest, rows[1] - rows[0]);
            }
        }

        return longest;
    }

    /// <summary>Numbers of observations that are held side by side, of dreams or of what a memory saw before: what does not fit goes in parts.</summary>
    internal long MostNumbers { get; init; } = 1 << 24;

    /// <summary>The states that predictions start from.</summary>
    public int Count => _rows.Length;

    /// <summary>Waits for the device.</summary>
    /// <param name="model">To be measured; nothing of it changes.</param>
    /// <param name="step">Gradient steps that it has learned for.</param>
    /// <param name="generator">For the dreams that its spread is measured by; null: that is left out.</param>
    public ModelReport Measure(IWorldModel model, int step, Generator? generator)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var errors = new List<ModelErrorRow>();
        var (relative, returns) = (new List<double>(), new List<double>());
        var (dreamedReturns, going) = (new double[Count], Enumerable.Repeat(1.0, Count).ToArray());
        double[] disagreements = [];
        var rows = tensor(_rows, device: _device);
        var observations = _batch.States.index_select(0, rows);
        var latent = Start(model, rows);
        for (var k = 1; k <= _horizons[^1]; k++)
        {
            using var inner = NewDisposeScope();
            var at = RowsAt(k);
            var dreamed = model.Step(latent, ActionsAt(at), null);
            if (k == 1 && dreamed.Disagreement is { } disagreement)
                disagreements = Host(disagreement);
            latent = dreamed.Latent.MoveToOuterDisposeScope();
            var isNamed = _horizons.Contains(k);
            relative.Add(ObservationErrors(model.Decode(latent), at, observations, k, step, isNamed ? errors : null));
            var (reward, goes) = (Host(dreamed.Reward), Host(dreamed.Continue));
            if (isNamed)
                AddHeadErrors(reward, goes, k, step, errors);
            for (var i = 0; i < Count; i++)
                (dreamedReturns[i], going[i]) = (dreamedReturns[i] + (going[i] * reward[i]), going[i] * goes[i]);
            returns.Add(ReturnError(dreamedReturns, k));
        }

        return new([.. errors], generator is null ? [] : Calibrate(model, step, generator), [.. relative], [.. returns], disagreements);
    }

    /// <summary>The first steps of the longest held-out episode of the batch, up to so many: the observations, [T + 1, D], and the actions between them, [T, A]; of the caller's scope.</summary>
    internal (Tensor Observations, Tensor Actions) Episode(int steps)
    {
        var episode = Enumerable.Range(0, _batch.Episodes).MaxBy(e => _batch.Starts[e + 1] - _batch.Starts[e]);
        var (first, rows) = (_batch.Starts[episode], _batch.Starts[episode + 1] - _batch.Starts[episode]);
        steps = Math.Min(steps, rows - 1);
        return (_batch.Observations.narrow(0, first, steps + 1), ModelBatch.ActionsOf(_batch.Actions.narrow(0, first, steps), _actions));
    }

    /// <summary>The observations that predictions start from, [N, D], and the states that a model has of them, by its means, [N, Z]; of the caller's scope.</summary>
    internal (Tensor Observations, Tensor Latents) States(IWorldModel model)
    {
        var rows = tensor(_rows, device: _device);
        return (_batch.States.index_select(0, rows), Start(model, rows));
    }

    public void Dispose() => _replay.Dispose();

    // ---- errors ----

    double ObservationErrors(Tensor predicted, Tensor at, Tensor first, int k, int step, List<ModelErrorRow>? rows)
    {
        bool[] known = [.. Enumerable.Range(0, Count).Select(i => HasNext(i, k))];
        var count = known.Count(x => x);
        if (count == 0)
            return double.PositiveInfinity;
        var mask = tensor(known, device: _device).to(ScalarType.Float64).unsqueeze(-1);
        var next = _batch.States.index_select(0, _batch.NextRows.index_select(0, at)).to(ScalarType.Float64);
        double[] Means(Tensor values) => Host(values.mul(mask).sum(0L).div(count));
        var error = Means(predicted.to(ScalarType.Float64).sub(next).square());
        var persistence = Means(first.to(ScalarType.Float64).sub(next).square());
        var mean = next.mul(mask).sum(0L).div(count);
        var spread = Means(next.sub(mean).square());
        double Root(double[] squares) => Math.Sqrt(squares.Average());
        rows?.Add(Row(step, k, "observation", null, count, Root(error), Root(persistence), Root(spread)));
        for (var d = 0; rows is not null && error.Length is > 1 and <= MostDimensions && d < error.Length; d++)
            rows.Add(Row(step, k, "observation", d, count, Math.Sqrt(error[d]) * _units[d], Math.Sqrt(persistence[d]) * _units[d], Math.Sqrt(spread[d]) * _units[d]));
        return Root(spread) == 0 ? 0 : Root(error) / Root(spread);
    }

    void AddHeadErrors(double[] reward, double[] going, int k, int step, List<ModelErrorRow> rows)
    {
        int[] valid = [.. Enumerable.Range(0, Count).Where(i => k - 1 <= _left[i])];
        if (valid.Length == 0)
            return;
        double[] rewards = [.. valid.Select(i => (double)_rewards[_rows[i] + k - 1])];
        double[] continues = [.. valid.Select(i => _terminated[i] && k - 1 == _left[i] ? 0.0 : 1)];
        rows.Add(Row(step, k, "reward", null, valid.Length, Root(valid.Select((i, j) => reward[i] - rewards[j])), Root(valid.Select((i, j) => _before[i] - rewards[j])), Spread(rewards)));
        rows.Add(Row(step, k, "continuation", null, valid.Length, Root(valid.Select((i, j) => going[i] - continues[j])), Root(continues.Select(c => 1 - c)), Spread(continues)));
    }

    // Of the sum of k rewards, where the log says it: nothing comes after a termination.
    double ReturnError(double[] dreamed, int k)
    {
        int[] valid = [.. Enumerable.Range(0, Count).Where(i => k - 1 <= _left[i] || _terminated[i])];
        return valid.Length == 0 ? double.PositiveInfinity : Root(valid.Select(i => dreamed[i] - Enumerable.Range(0, Math.Min(k, _left[i] + 1)).Sum(j => (double)_rewards[_rows[i] + j])));
    }

    static ModelErrorRow Row(int step, int k, string target, int? dimension, long count, double error, double persistence, double spread) =>
        new(step, k, target, dimension, count, error, persistence, spread, persistence > 0 ? error / persistence : null, spread > 0 ? error / spread : null);

    static double Root(IEnumerable<double> distances) => Math.Sqrt(distances.Average(x => x * x));

    static double Spread(double[] values)
    {
        var mean = values.Average();
        return Root(values.Select(x => x - mean));
    }

    // ---- calibration ----

    List<CalibrationRow> Calibrate(IWorldModel model, int step, Generator generator)
    {
        var rows = new List<CalibrationRow>();
        var width = (int)_batch.States.size(1);
        var perChunk = (int)Math.Clamp(MostNumbers / ((long)_samples * width), 1, Count);
        var observed = _horizons.ToDictionary(k => k, _ => new List<double[]>());
        var rewarded = _horizons.ToDictionary(k => k, _ => new List<double>());
        for (var from = 0; from < Count; from += perChunk)
            Dream(model, from, Math.Min(perChunk, Count - from), generator, observed, rewarded);
        foreach (var k in _horizons)
        {
            var scores = observed[k];
            // Numbers that never change have no spread to be right or wrong about.
            var varying = scores.Count == 0 ? [] : Enumerable.Range(0, width).Where(d => scores.Any(z => z[d] != 0)).ToList();
            if (varying.Count > 0)
                rows.Add(Row(step, k, "observation", null, scores.SelectMany(z => varying.Select(d => z[d]))));
            if (width is > 1 and <= MostDimensions)
                rows.AddRange(varying.Select(d => Row(step, k, "observation", d, scores.Select(z => z[d]))));
            if (rewarded[k].Any(z => z != 0))
                rows.Add(Row(step, k, "reward", null, rewarded[k]));
        }

        return rows;
    }

    void Dream(IWorldModel model, int from, int count, Generator generator, Dictionary<int, List<double[]>> observed, Dictionary<int, List<double>> rewarded)
    {
        using var scope = NewDisposeScope();
        var latent = Start(model, tensor(_rows.AsSpan(from, count).ToArray(), device: _device)).repeat_interleave(_samples, 0);
        for (var k = 1; k <= _horizons[^1]; k++)
        {
            using var inner = NewDisposeScope();
            var at = RowsAt(k).narrow(0, from, count);
            var dreamed = model.Step(latent, ActionsAt(at).repeat_interleave(_samples, 0), generator);
            latent = dreamed.Latent.MoveToOuterDisposeScope();
            if (!_horizons.Contains(k))
                continue;
            if (_isVector || model.ObservationDeviation is not null)
                AddObservations(model, latent, at, from, count, k, observed[k]);
            if (dreamed.RewardDeviation is { } deviation)
                AddRewards(dreamed.Reward, deviation, from, count, k, rewarded[k]);
        }
    }

    void AddObservations(IWorldModel model, Tensor latent, Tensor at, int from, int count, int k, List<double[]> scores)
    {
        var dreamed = model.Decode(latent).to(ScalarType.Float64).unflatten(0, count, _samples);
        var variance = dreamed.var(1);
        if (model.ObservationDeviation is { } noise)
            variance = variance.add(noise.to(ScalarType.Float64).square());
        var next = _batch.States.index_select(0, _batch.NextRows.index_select(0, at)).to(ScalarType.Float64);
        var width = (int)next.size(1);
        var varies = _batch.States.narrow(0, 0, _batch.Rows).std(0).gt(0).to(ScalarType.Float64);
        var z = Host(next.sub(dreamed.mean([1])).div(variance.sqrt().clamp_min(1e-12)).mul(varies));
        for (var i = 0; i < count; i++)
        {
            if (HasNext(from + i, k))
                scores.Add(z[(i * width)..((i + 1) * width)]);
        }
    }

    void AddRewards(Tensor reward, Tensor deviation, int from, int count, int k, List<double> scores)
    {
        var dreamed = reward.to(ScalarType.Float64).unflatten(0, count, _samples);
        var variance = dreamed.var(1).add(deviation.to(ScalarType.Float64).square().unflatten(0, count, _samples).mean([1]));
        var (mean, spread) = (Host(dreamed.mean([1])), Host(variance.sqrt().clamp_min(1e-12)));
        for (var i = 0; i < count; i++)
        {
            if (k - 1 <= _left[from + i])
                scores.Add((_rewards[_rows[from + i] + k - 1] - mean[i]) / spread[i]);
        }
    }

    static CalibrationRow Row(int step, int k, string target, int? dimension, IEnumerable<double> scores)
    {
        double[] z = [.. scores];
        double Within(double quantile) => z.Count(x => Math.Abs(x) <= quantile) / (double)z.Length;
        return new(step, k, target, dimension, z.Length, Within(Quantiles[0]), Within(Quantiles[1]), Within(Quantiles[2]), z.Average(), z.Average(x => x * x));
    }

    // ---- rows ----

    Tensor Start(IWorldModel model, Tensor rows)
    {
        var most = Math.Max(1, MostNumbers / ((model.HasMemory ? Context : 1) * _batch.States.size(1)));
        return rows.size(0) <= most ? Encoded(model, rows) : cat([.. rows.split(most).Select(part => Encoded(model, part))]);
    }

    Tensor Encoded(IWorldModel model, Tensor rows)
    {
        if (!model.HasMemory)
            return model.Encode(new ModelSequences(_batch.States.index_select(0, rows).unsqueeze(0), ActionsAt(rows).unsqueeze(0)), null).select(0, 0);
        // The steps before each, as far as there are some; those before the episode repeat its first one, at which memory begins anew.
        var firsts = tensor([.. rows.cpu().data<long>().ToArray().Select(row => _batch.Starts[EpisodeOf(row)])], device: _device);
        var back = arange(Context, 0, -1, dtype: ScalarType.Int64, device: _device).sub(1).unsqueeze(-1);
        var wanted = rows.unsqueeze(0).sub(back);
        var found = wanted.maximum(firsts);
        var flat = found.flatten();
        var before = new ModelSequences(_batch.States.index_select(0, flat).unflatten(0, Context, rows.size(0)), ActionsAt(flat).unflatten(0, Context, rows.size(0)), wanted.le(firsts));
        return model.Encode(before, null).select(0, -1);
    }

    // The row of step k of each start; of episodes that have ended by then, the last.
    Tensor RowsAt(int k) => tensor([.. _rows.Select((row, i) => row + Math.Min(k - 1, _left[i]))], device: _device);

    Tensor ActionsAt(Tensor rows) => ModelBatch.ActionsOf(_batch.Actions.index_select(0, rows), _actions);

    bool HasNext(int start, int k) => k - 1 < _left[start] || (k - 1 == _left[start] && _finalKnown[start]);

    int EpisodeOf(long row)
    {
        var (low, high) = (0, _batch.Episodes);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = _batch.Starts[middle] <= row ? (middle, high) : (low, middle);
        }

        return low;
    }

    // Without replacement, in order.
    long[] Starts(RandomStream random, int count)
    {
        long[] rows = [.. Enumerable.Range(0, _batch.Rows).Select(row => (long)row)];
        count = Math.Min(count, rows.Length);
        for (var i = 0; i < count; i++)
        {
            var other = i + random.NextInt(rows.Length - i);
            (rows[i], rows[other]) = (rows[other], rows[i]);
        }

        return [.. rows.Take(count).Order()];
    }

    static double[] UnitsOf(ObservationEncoder encoder)
    {
        var units = new double[encoder.Size];
        for (var d = 0; d < units.Length; d++)
        {
            units[d] = encoder.Encoding switch
            {
                ObservationEncoding.Affine => 1 / encoder.Scale[d % encoder.FrameFeatures],
                ObservationEncoding.Bytes => 1 / encoder.Scale[0],
                _ => 1,
            };
        }

        return units;
    }

    static double[] Host(Tensor values) => [.. values.to(ScalarType.Float64).flatten().cpu().contiguous().data<double>().ToArray()];
}
