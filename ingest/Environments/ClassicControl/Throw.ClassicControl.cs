using System.Globalization;

namespace OfflineRL.Environments;

static partial class Throw
{
    public static ArgumentOutOfRangeException StateOutside(Datasets.EnvironmentIdentity identity, StateVariable variable, double found) =>
        new(nameof(variable), found, string.Create(
            CultureInfo.InvariantCulture, $"{identity.Id} cannot be where its state has {found} for '{variable.Name}'; expected {Expected(variable.Range)}."));

    static string Expected(Interval range) => range == StateVariable.Finite ? "a finite number" : $"a number in {range}";
}
