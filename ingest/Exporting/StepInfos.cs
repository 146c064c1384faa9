using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Takes arrays of an episode's steps.</summary>
interface IInfoSink
{
    bool HasTexts { get; }

    /// <param name="name">Of the array.</param>
    /// <param name="rowShape">Sizes of a row; none: one value.</param>
    /// <param name="values">Whole rows.</param>
    void Write<T>(string name, IReadOnlyList<int> rowShape, ReadOnlySpan<T> values)
        where T : unmanaged;

    void WriteTexts(string name, IReadOnlyList<string?> values);
}

/// <summary>What a step has beside observation, action, reward and ends: propensities, mask, features of actions, time, what is passed through.</summary>
static class StepInfos
{
    public static void Write(ExportPlan plan, ImportNames names, in EpisodeColumns e, IInfoSink to)
    {
        var steps = e.Rewards.Length;
        var actions = plan.Schema.ActionCount;
        if (plan.HasLogProbabilities)
            to.Write<double>(names.LogProbability, [], e.BehaviorLogProbabilities.IsEmpty ? Unknown(steps) : e.BehaviorLogProbabilities);
        if (plan.Manifest.HasBehaviorProbabilities)
            to.Write<double>(names.Probabilities, [actions], e.BehaviorProbabilities.IsEmpty ? Unknown(steps * actions) : e.BehaviorProbabilities);
        if (plan.Manifest.HasActionMask)
            to.Write<bool>(names.Mask, [actions], e.ActionMasks.IsEmpty ? All(steps * actions) : e.ActionMasks);
        if (plan.Manifest.ActionFeatures > 0)
            to.Write(names.Features, [actions, plan.Manifest.ActionFeatures], plan.Features(e));
        if (plan.Manifest.HasTimestamp)
            to.Write<long>(names.Timestamp, [], e.TimestampMicros.IsEmpty ? new long[steps] : e.TimestampMicros);
        for (var i = 0; i < e.Info.Length; i++)
        {
            var column = plan.Manifest.InfoColumns[i];
            var name = names.Info(column);
            switch (column.Type)
            {
                case InfoType.Double:
                    to.Write(name, column.Width > 0 ? [column.Width] : [], e.Info[i].Doubles.Span);
                    break;
                case InfoType.Integer:
                    to.Write(name, [], e.Info[i].Integers.Span);
                    break;
                case InfoType.Boolean:
                    to.Write(name, [], e.Info[i].Booleans.Span);
                    break;
                default:
                    if (to.HasTexts)
                        to.WriteTexts(name, MemoryMarshal.ToEnumerable(e.Info[i].Texts).ToList());
                    break;
            }
        }
    }

    static double[] Unknown(int count)
    {
        var values = new double[count];
        Array.Fill(values, double.NaN);
        return values;
    }

    static bool[] All(int count)
    {
        var values = new bool[count];
        Array.Fill(values, true);
        return values;
    }
}
