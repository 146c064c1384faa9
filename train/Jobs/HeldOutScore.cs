using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Sampling;
using TorchSharp;

namespace OfflineRL.Train;

/// <summary>
/// The offline criterion: the learner's own error on transitions that it does not learn from, the same ones at every call.
/// </summary>
sealed class HeldOutScore : IDisposable
{
    const int BatchSize = 1_024;

    readonly TransitionSampler _sampler;
    readonly RandomState _start;
    readonly int _batches;

    HeldOutScore(TransitionSampler sampler, int batches) => (_sampler, _batches, _start) = (sampler, batches, sampler.State);

    /// <summary>The score of a seed; null where the config asks for none or the dataset has no other part.</summary>
    /// <exception cref="UserErrorException">The part that the config names is not there.</exception>
    public static HeldOutScore? Create(TrainConfig config, TrainingColumns columns, ulong seed, torch.Device device)
    {
        if (config.Guard.HeldOutTransitions == 0 || Split(config, columns) is not { } split)
            return null;
        var batch = Math.Min(BatchSize, config.Guard.HeldOutTransitions);
        var sampler = SeedTraining.Sampler(config, columns, split, batch, RandomStream.Create(seed, "train/held_out"), device);
        return new HeldOutScore(sampler, (config.Guard.HeldOutTransitions + batch - 1) / batch);
    }

    /// <summary>The mean over the batches; waits for the device.</summary>
    public double Of(ILearner learner)
    {
        _sampler.State = _start;
        var sum = 0.0;
        for (var i = 0; i < _batches; i++)
        {
            using var scope = torch.NewDisposeScope();
            sum += learner.HeldOutError(_sampler.Next()).ToDouble();
        }

        return sum / _batches;
    }

    public void Dispose() => _sampler.Dispose();

    // Named: it must be there. Not named: one that has episodes.
    static string? Split(TrainConfig config, TrainingColumns columns)
    {
        if (config.Guard.HeldOutSplit.Length > 0)
            return config.Guard.HeldOutSplit;
        var used = new bool[columns.Info.Splits.Count];
        for (var episode = 0; episode < columns.Episodes; episode++)
            used[columns.EpisodeSplit[episode][0]] = true;
        return columns.Info.Splits
            .Where((name, i) => used[i] && name != config.Split)
            .OrderBy(name => name == "validation" ? 0 : 1)
            .FirstOrDefault();
    }
}
