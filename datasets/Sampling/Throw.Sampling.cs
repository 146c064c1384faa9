namespace OfflineRL.Datasets;

/// <content>What sampling refuses.</content>
static partial class Throw
{
    public static UserErrorException TopShare(double found) =>
        new(FormattableString.Invariant($"top_share is {found}; expected a share of the episodes in (0, 1], such as 0.1 for the best tenth."));

    public static UserErrorException NoSplit(ColumnsInfo info, string split) =>
        new($"split: dataset {info.Dataset} has no split '{split}'; it has {string.Join(", ", info.Splits)}.");

    public static UserErrorException EmptySplit(string dataset, string split, int episodes) =>
        new($"split: none of the {episodes} episodes of dataset {dataset} is in the split '{split}'. Choose another split, or make one with 'offlinerl datasets split'.");

    public static UserErrorException EmptyFold(string dataset, string split, int episodes, EpisodeFold fold) =>
        new($"folds: none of the {episodes} episodes in the split '{split}' of dataset {dataset} is {(fold.Inside ? "inside" : "outside")} fold {fold.Fold} of {fold.Folds}. Choose fewer folds, or a dataset of more episodes.");

    public static UserErrorException TooManySteps(ColumnsInfo info) =>
        new($"Dataset {info.Dataset} has {info.Steps} steps; one run draws from at most {Array.MaxLength}. Split it with 'offlinerl datasets split'.");

    public static UserErrorException NoTransition(ColumnsInfo info, EpisodeSelection selection) =>
        new($"Dataset {info.Dataset} has no transition to learn from in the split '{selection.Split}' ({selection.Episodes.Length} episodes, {selection.Steps} steps); " +
            "expected at least one whose next observation is known. Choose another split or dataset.");

    public static UserErrorException TooFewSteps(ColumnsInfo info, EpisodeSelection selection, int length, int burnIn) =>
        new($"Dataset {info.Dataset} has {selection.Steps} steps in the {selection.Episodes.Length} episodes of its split '{selection.Split}'; expected at least {length + burnIn}, " +
            $"for sequences of {length} steps after {burnIn} of burn-in. Choose shorter sequences or another dataset.");

    public static UserErrorException NotInSpace(TrainingColumns columns, int episode, int step, int action) =>
        new($"Dataset {columns.Info.Dataset}, episode {episode}, step {step}: the action is {action}, expected one of {columns.Info.ActionSpace}. " +
            $"Delete the folder of columns '{columns.Folder}', it is made again, and check the dataset with 'offlinerl datasets check'.");

    public static UserErrorException CannotMix(ColumnsInfo first, ColumnsInfo other) =>
        new($"Dataset {other.Dataset} has observations {other.ObservationSpace}, actions {other.ActionSpace} and {Masks(other)}; expected those of {first.Dataset}: " +
            $"{first.ObservationSpace}, {first.ActionSpace} and {Masks(first)}. Only datasets of the same spaces can be mixed.");

    public static UserErrorException BadShare(string text, string item) =>
        new($"dataset: '{item}' in '{text}' is not of the form NAME=SHARE with a positive share; write for example expert=0.25,mixed=0.75, or one name alone.");

    static string Masks(ColumnsInfo info) => info.HasActionMask ? "action masks" : "no action masks";
}
