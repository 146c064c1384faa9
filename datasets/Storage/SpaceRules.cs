using System.Text.RegularExpressions;

namespace OfflineRL.Datasets;

/// <summary>What a space must satisfy, whether a program made it or a file from elsewhere holds it.</summary>
static class SpaceRules
{
    /// <summary>Numbers a row at most: 256 MiB of float32.</summary>
    const long MostNumbers = 1 << 26;

    public static IEnumerable<string> Faults(Space space)
    {
        switch (space)
        {
            case DiscreteSpace { Count: < 1 }:
                yield return $"the space {space} has no values";
                break;
            case BoxSpace box when box.Shape.Any(size => size < 1) || Size(box) > MostNumbers:
                yield return $"a box of shape {string.Join('x', box.Shape)} has no sizes from 1 to {MostNumbers} numbers in all";
                break;
            case BoxSpace box when box.Low.Count != Size(box) || box.High.Count != Size(box):
                yield return $"the space {box} has {box.Low.Count} lower and {box.High.Count} upper bounds, expected {Size(box)} of each";
                break;
            case BoxSpace box when box.Low.Zip(box.High).Any(bounds => !(bounds.First <= bounds.Second)):
                yield return $"the space {box} has a lower bound above its upper one";
                break;
            default:
                break;
        }
    }

    /// <summary>Features belong to discrete actions, and those of a step are no more numbers than an observation may have.</summary>
    public static IEnumerable<string> ActionFeatureFaults(Space actions, int features)
    {
        if (features < 0 || (features > 0 && actions is not DiscreteSpace))
        {
            yield return $"action_features is {features} and the actions are {actions}: only discrete actions have features, 0 or more";
        }
        else if (actions is DiscreteSpace discrete && (long)discrete.Count * features > MostNumbers)
        {
            yield return $"{discrete.Count} actions of {features} features are more than {MostNumbers} numbers a step";
        }
    }

    // Stops before the product can overflow.
    static long Size(BoxSpace box)
    {
        long size = 1;
        foreach (int side in box.Shape)
        {
            size = size > MostNumbers ? size : size * Math.Max(side, 1);
        }

        return size;
    }
}

/// <summary>What a passed-through column must satisfy; its name becomes a file's name among the training columns.</summary>
static partial class InfoRules
{
    const int WidestList = 1 << 20;

    public static IEnumerable<string> Faults(InfoColumn column)
    {
        if (!Name().IsMatch(column.Name))
        {
            yield return $"the column '{column.Name}' is not of the form info_name in lower snake case";
        }

        if (column.Width is < 0 or > WidestList || (column.Width > 0 && column.Type != InfoType.Double))
        {
            yield return $"the column '{column.Name}' of width {column.Width}: only columns of type double are lists, of up to {WidestList} values";
        }
    }

    [GeneratedRegex(@"\Ainfo_[a-z0-9_]{1,64}\z")]
    private static partial Regex Name();
}
