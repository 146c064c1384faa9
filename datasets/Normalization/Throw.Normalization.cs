namespace OfflineRL.Datasets;

/// <content>What normalising refuses.</content>
static partial class Throw
{
    public static UserErrorException NormalizesFloatsOnly(ColumnsInfo info, string kind) =>
        new($"normalization.observations is '{kind}', and dataset {info.Dataset} has the observation space {info.ObservationSpace}; expected 'none', " +
            "for bytes are divided by their upper bound and discrete observations are one-hot without it.");

    public static UserErrorException CannotNormalize(ColumnsInfo info, int number, float shift, float scale) =>
        new(FormattableString.Invariant($"normalization: number {number} of dataset {info.Dataset}'s observations would be shifted by {shift} and scaled by {scale}; ") +
            "expected finite numbers that float32 can hold. Use 'none', or check the dataset with 'offlinerl datasets check'.");

    public static UserErrorException NoReturnRange(IReadOnlyList<EpisodeSelection> selections, double value) =>
        new(FormattableString.Invariant($"normalization.rewards is 'return_range', and all {selections.Sum(s => s.Episodes.Length)} episodes of dataset {selections[0].Columns.Info.Dataset}'s split '{selections[0].Split}' have the return {value}; ") +
            "expected at least two different ones. Use 'none' or 'standardize'.");

    public static UserErrorException NotInSpace(float found, DiscreteSpace space) =>
        new(FormattableString.Invariant($"A discrete observation is {found}; the space has 0 to {space.Count - 1}. Check the dataset with 'offlinerl datasets check'."));
}
