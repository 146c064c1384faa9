using System.Numerics;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Takes an action several times; an episode that ends within does so with what it had until then.</summary>
/// <remarks>The rest of the steps of an instance that has ended are taken by an episode that is thrown away.</remarks>
sealed class RepeatedStep(IVectorEnvironment inner, int times, bool showsMaximum)
{
    readonly int _width = inner.ObservationSpace.FlatSize;
    readonly float[] _final = new float[times > 1 ? inner.Count * inner.ObservationSpace.FlatSize : 0];
    readonly float[] _previous = new float[showsMaximum ? inner.Count * inner.ObservationSpace.FlatSize : 0];
    readonly double[] _rewards = new double[inner.Count];
    readonly bool[] _terminated = new bool[inner.Count];
    readonly bool[] _truncated = new bool[inner.Count];

    /// <param name="actions">[B] or [B, A].</param>
    /// <param name="output">As the inner environment's widths have it.</param>
    /// <param name="restarts">[B], written: true where the episode that runs now is to be thrown away.</param>
    public void Run(in ActionBatch actions, in StepOutput output, Span<bool> restarts)
    {
        restarts.Clear();
        if (times == 1)
        {
            inner.Step(actions, output);
            return;
        }

        for (var k = 0; k < times; k++)
        {
            inner.Step(actions, new StepOutput { Observations = output.Observations, Rewards = _rewards, Terminated = _terminated, Truncated = _truncated, FinalObservations = _final });
            if (k == 0)
            {
                output.Rewards.Clear();
                output.Terminated.Clear();
                output.Truncated.Clear();
            }

            for (var i = 0; i < restarts.Length; i++)
            {
                if (!output.Terminated[i] && !output.Truncated[i])
                    restarts[i] = Take(i, k, output);
            }
        }
    }

    // Returns whether the episode ended before the last time.
    bool Take(int i, int k, in StepOutput output)
    {
        output.Rewards[i] += _rewards[i];
        var row = output.Observations.Slice(i * _width, _width);
        if (_terminated[i] || _truncated[i])
        {
            (output.Terminated[i], output.Truncated[i]) = (_terminated[i], _truncated[i]);
            var final = output.FinalObservations.Slice(i * _width, _width);
            _final.AsSpan(i * _width, _width).CopyTo(final);
            if (showsMaximum && k > 0)
                Raise(final, Previous(i));
            return k < times - 1;
        }

        if (showsMaximum && k == times - 1)
            Raise(row, Previous(i));
        else if (showsMaximum)
            row.CopyTo(Previous(i));
        return false;
    }

    Span<float> Previous(int instance) => _previous.AsSpan(instance * _width, _width);

    static void Raise(Span<float> row, ReadOnlySpan<float> other)
    {
        var whole = MemoryMarshal.Cast<float, Vector<float>>(row);
        var wholeOther = MemoryMarshal.Cast<float, Vector<float>>(other);
        for (var i = 0; i < whole.Length; i++)
            whole[i] = Vector.Max(whole[i], wholeOther[i]);
        for (var i = whole.Length * Vector<float>.Count; i < row.Length; i++)
            row[i] = Math.Max(row[i], other[i]);
    }
}
