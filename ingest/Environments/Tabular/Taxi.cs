using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Taxi-v4 as Gymnasium 1.3.0 has it, and Taxi-v3, which is the same without rain (Dietterich 2000): fetch a passenger and bring it to its destination.</summary>
/// <remarks>
/// State: ((row * 5 + column) * 5 + passenger) * 4 + destination, on 5x5 cells; passenger 4 is in the taxi. Actions: 0 south, 1 north,
/// 2 east, 3 west, 4 pick up, 5 drop off. Reward -1 a step, -10 for picking up or dropping off where that is not possible, 20 for delivering,
/// which ends the episode. Starts are even over the 300 states in which the passenger waits elsewhere than at its destination. 200 steps.
/// <c>rainy</c>: moves go sideways with probability (1 - rainy_probability) / 2 to each side. <c>action_mask</c>: only actions that change the state are allowed.
/// Gymnasium's fickle passenger is not here: it changes its mind by a hidden variable, which no table over these states has.
/// </remarks>
static class Taxi
{
    const string Rainy = "rainy", RainyProbability = "rainy_probability", ActionMask = "action_mask";
    const int Side = 5, Passengers = 5, InTaxi = 4, Destinations = 4, StepLimit = 200, PickUp = 4, DropOff = 5;
    const int States = Side * Side * Passengers * Destinations;

    static readonly (int Row, int Column)[] Stands = [(0, 0), (0, 4), (4, 0), (4, 3)];

    // South, north, east, west, and to the left and right of each.
    static readonly (int Row, int Column)[] Moves = [(1, 0), (-1, 0), (0, 1), (0, -1)];
    static readonly int[] Left = [2, 3, 1, 0];
    static readonly int[] Right = [3, 2, 0, 1];

    // Walls stand east of these cells.
    static readonly HashSet<(int Row, int Column)> WallsEast = [(0, 1), (1, 1), (3, 0), (3, 2), (4, 0), (4, 2)];

    public static TabularTask Version3 { get; } = Create("Taxi-v3", hasRain: false);

    public static TabularTask Version4 { get; } = Create("Taxi-v4", hasRain: true);

    static TabularTask Create(string id, bool hasRain) => new()
    {
        Id = id,
        Description = $"Fetch a passenger and bring it to its destination (Gymnasium's definition{(hasRain ? "" : ", as version 4 without rain")}).",
        DefaultSteps = StepLimit,
        Parameters =
        [
            new(ActionMask, 0, "1: only actions that change the state", new(0, 1), new(0, 1), []) { IsStructural = true, IsWhole = true },
            .. hasRain
                ? new ParameterDefinition[]
                {
                    new(Rainy, 0, "0 or 1", new(0, 1), new(0, 0), [new(1, 1)]) { IsWhole = true },
                    new(RainyProbability, 0.8, "probability of the move meant, in rain", new(0, 1), new(0.75, 0.85), [new(0.3, 0.7), new(0.9, 1)]),
                }
                : [],
        ],
        Build = Build,
        Painter = static _ => new TaxiPainter(Stands, WallsEast, Moves),
        Size = static _ => (States, Moves.Length + 2),
        HeldOutVariants = hasRain
            ? [new("rain", $"{id}?{Rainy}=1"), new("downpour", $"{id}?{Rainy}=1&{RainyProbability}=0.5"), new("drizzle", $"{id}?{Rainy}=1&{RainyProbability}=0.95")]
            : [],
        Success = new("the passenger is delivered") { Terminates = true },
        References = (-771.0909994496636, 7.929999999999999),
    };

    static int State(int row, int column, int passenger, int destination) => (((((row * Side) + column) * Passengers) + passenger) * Destinations) + destination;

    static TabularMdp Build(EnvironmentIdentity identity)
    {
        var rain = identity.Parameters.TryGetValue(Rainy, out var rainy) && rainy == 1 ? identity.Parameters[RainyProbability] : 1;
        var builder = new TabularMdpBuilder(States, Moves.Length + 2, identity.ToString())
        {
            StateNames = StateNames(),
            ActionNames = ["south", "north", "east", "west", "pick up", "drop off"],
        };
        for (var s = 0; s < States; s++)
        {
            var (row, column, passenger, destination) = (s / 100, s / 20 % Side, s / Destinations % Passengers, s % Destinations);
            for (var move = 0; move < Moves.Length; move++)
                AddMove(builder, s, move, rain);
            var (picked, pickReward) = passenger < InTaxi && Stands[passenger] == (row, column) ? (InTaxi, -1) : (passenger, -10);
            builder.Add(s, PickUp, State(row, column, picked, destination), 1, pickReward);
            AddDropOff(builder, s);
            if (identity.Parameters[ActionMask] == 1)
                Forbid(builder, s);
            if (passenger < InTaxi && passenger != destination)
                builder.SetStart(s, 1.0 / 300);
        }

        return builder.Build();
    }

    // Where the way is blocked nobody drifts either.
    static void AddMove(TabularMdpBuilder builder, int s, int move, double rain)
    {
        var (row, column) = (s / 100, s / 20 % Side);
        if (!IsOpen(row, column, move))
        {
            builder.Add(s, move, s, 1, -1);
            return;
        }

        builder.Add(s, move, To(s, row, column, move), rain, -1);
        builder.Add(s, move, To(s, row, column, Left[move]), (1 - rain) / 2, -1);
        builder.Add(s, move, To(s, row, column, Right[move]), (1 - rain) / 2, -1);
    }

    static int To(int s, int row, int column, int move) =>
        IsOpen(row, column, move) ? State(row + Moves[move].Row, column + Moves[move].Column, s / Destinations % Passengers, s % Destinations) : s;

    static bool IsOpen(int row, int column, int move)
    {
        var (nextRow, nextColumn) = (row + Moves[move].Row, column + Moves[move].Column);
        return nextRow is >= 0 and < Side && nextColumn is >= 0 and < Side
            && (Moves[move].Column == 0 || !WallsEast.Contains((row, Math.Min(column, nextColumn))));
    }

    static void AddDropOff(TabularMdpBuilder builder, int s)
    {
        var (row, column, passenger, destination) = (s / 100, s / 20 % Side, s / Destinations % Passengers, s % Destinations);
        var stand = Array.IndexOf(Stands, (row, column));
        if (passenger != InTaxi || stand < 0)
            builder.Add(s, DropOff, s, 1, -10);
        else
            builder.Add(s, DropOff, State(row, column, stand, destination), 1, stand == destination ? 20 : -1, ends: stand == destination);
    }

    static void Forbid(TabularMdpBuilder builder, int s)
    {
        var (row, column, passenger) = (s / 100, s / 20 % Side, s / Destinations % Passengers);
        for (var move = 0; move < Moves.Length; move++)
        {
            if (!IsOpen(row, column, move))
                builder.Forbid(s, move);
        }

        if (passenger == InTaxi || Stands[passenger] != (row, column))
            builder.Forbid(s, PickUp);
        if (passenger != InTaxi || !Stands.Contains((row, column)))
            builder.Forbid(s, DropOff);
    }

    static string[] StateNames()
    {
        string[] stands = ["red", "green", "yellow", "blue", "taxi"];
        return [.. Enumerable.Range(0, States).Select(s => $"row {s / 100}, column {s / 20 % Side}, passenger {stands[s / Destinations % Passengers]}, to {stands[s % Destinations]}")];
    }
}
