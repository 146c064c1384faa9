using System.Globalization;
using OfflineRL.Train.Losses;
using OfflineRL.Train.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>The step of a batch whose logged action the policy has moved away from the furthest; found on the device, read when it is asked for.</summary>
sealed class WorstStep : IDisposable
{
    readonly Tensor _row, _logRatio;
    readonly IReadOnlyList<int> _starts, _numbers;

    /// <param name="batch">Its lists on the host are held, its tensors are not.</param>
    /// <param name="logRatios">[N] float64: from <see cref="ImportanceWeights.LogRatios"/>.</param>
    public WorstStep(EpisodeBatch batch, Tensor logRatios)
    {
        (_starts, _numbers) = (batch.Starts, batch.Numbers);
        (_row, _logRatio) = (logRatios.argmin(0).DetachFromDisposeScope(), logRatios.min().DetachFromDisposeScope());
    }

    /// <summary>A sentence with a space before it; waits for the device.</summary>
    public string Describe()
    {
        var (row, logRatio) = (_row.ToInt64(), _logRatio.ToDouble());
        var e = 0;
        while (_starts[e + 1] <= row)
            e++;
        return string.Create(CultureInfo.InvariantCulture,
            $" The action that it moved away from the furthest: episode {_numbers[e]}, step {row - _starts[e]}, with {Math.Exp(logRatio):G3} times the behavior's probability.");
    }

    public void Dispose()
    {
        _row.Dispose();
        _logRatio.Dispose();
    }
}
