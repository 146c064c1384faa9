using static OfflineRL.Tests.Environments.GameTable;

namespace OfflineRL.Tests.Environments;

public sealed class BreakoutTests
{
    const string Id = "Breakout-MinAtar-v1?sticky=0";

    // Planes.
    const int Paddle = 0, Ball = 1, Trail = 2, Brick = 3;

    [Fact]
    public void Start_OfAnEpisode_HasThreeRowsOfBricksAndTheBallAtAWall()
    {
        using var game = new GameTable(Id);
        var sides = new HashSet<int>();
        for (ulong seed = 0; seed < 20; seed++)
        {
            game.Reset(seed);
            var ball = Assert.Single(game.Plane(Ball));
            Assert.Equal(3, ball.Y);
            Assert.Equal(ball, Assert.Single(game.Plane(Trail)));
            sides.Add(ball.X);
            // It leaves the wall, downwards.
            game.Step(None);
            Assert.Equal((ball.X == 0 ? 1 : 8, 4), Assert.Single(game.Plane(Ball)));
            Assert.Equal(ball, Assert.Single(game.Plane(Trail)));
        }

        Assert.Equal([0, 9], sides.Order());
        game.Reset(1);
        Assert.Equal([(4, 9)], game.Plane(Paddle));
        Assert.Equal(Enumerable.Range(0, 30).Select(i => (i % 10, 1 + (i / 10))), game.Plane(Brick));
    }

    [Fact]
    public void Paddle_AtTheWall_StaysThere()
    {
        using var game = new GameTable(Id);
        game.Put(("paddle", 0), ("ball y", 5)).Step(Left);
        Assert.Equal([(0, 9)], game.Plane(Paddle));
        game.Put(("paddle", 9), ("ball y", 5)).Step(Right);
        Assert.Equal([(9, 9)], game.Plane(Paddle));
        game.Put(("paddle", 5), ("ball y", 5)).Step(Up);
        Assert.Equal([(5, 9)], game.Plane(Paddle));
        Assert.Equal([(4, 9)], game.Step(Left).Plane(Paddle));
    }

    [Theory]
    [InlineData(0, false, 1)]
    [InlineData(9, true, 8)]
    public void Ball_AtASideWall_TurnsAndGoesOnInTheSameColumn(int wall, bool right, int then)
    {
        using var game = new GameTable(Id);
        game.Put(("ball x", wall), ("ball y", 5), ("ball moves right", right ? 1 : 0), ("ball moves down", 1)).Step(None);
        Assert.Equal([(wall, 6)], game.Plane(Ball));
        Assert.Equal([(then, 7)], game.Step(None).Plane(Ball));
    }

    [Fact]
    public void Ball_AtTheCeiling_TurnsDown()
    {
        using var game = new GameTable(Id);
        game.Put(("ball x", 5), ("ball y", 0), ("ball moves right", 1), ("ball moves down", 0), ("bricks in row 1", 0), ("bricks in row 2", 0)).Step(None);
        Assert.Equal([(6, 0)], game.Plane(Ball));
        Assert.Equal([(7, 1)], game.Step(None).Plane(Ball));
    }

    [Fact]
    public void Ball_OnABrick_BreaksItForOneAndTurns()
    {
        using var game = new GameTable(Id);
        game.Put(("ball x", 5), ("ball y", 4), ("ball moves right", 1), ("ball moves down", 0)).Step(None);
        Assert.Equal(1, game.Reward);
        Assert.Equal([(6, 4)], game.Plane(Ball));
        Assert.DoesNotContain((6, 3), game.Plane(Brick));
        Assert.Equal(29, game.Plane(Brick).Length);
        Assert.Equal([(7, 5)], game.Step(None).Plane(Ball));
        Assert.Equal(0, game.Reward);
    }

    [Fact]
    public void Ball_ThatMetABrick_BreaksNoOtherUntilItHasMetNone()
    {
        using var game = new GameTable(Id);
        game.Put(("ball x", 5), ("ball y", 4), ("ball moves right", 1), ("ball moves down", 0), ("met a brick", 1)).Step(None);
        Assert.Equal(0, game.Reward);
        Assert.Equal([(6, 3)], game.Plane(Ball));
        Assert.Equal(30, game.Plane(Brick).Length);
        Assert.Equal(1, game["met a brick"]);
    }

    [Fact]
    public void Ball_OffAPaddleWhereItCameFrom_GoesOnUpwards()
    {
        using var game = new GameTable(Id);
        game.Put(("paddle", 5), ("ball x", 5), ("ball y", 8), ("ball moves right", 1), ("ball moves down", 1)).Step(None);
        Assert.False(game.Ended);
        Assert.Equal([(6, 8)], game.Plane(Ball));
        Assert.Equal([(7, 7)], game.Step(None).Plane(Ball));
    }

    [Fact]
    public void Ball_OffAPaddleAhead_GoesBackTheWayItCame()
    {
        using var game = new GameTable(Id);
        game.Put(("paddle", 6), ("ball x", 5), ("ball y", 8), ("ball moves right", 1), ("ball moves down", 1)).Step(None);
        Assert.False(game.Ended);
        Assert.Equal([(6, 8)], game.Plane(Ball));
        Assert.Equal([(5, 7)], game.Step(None).Plane(Ball));
    }

    [Fact]
    public void Ball_BesideThePaddle_IsLost()
    {
        using var game = new GameTable(Id);
        game.Put(("paddle", 2), ("ball x", 5), ("ball y", 8), ("ball moves right", 1), ("ball moves down", 1)).Step(None);
        Assert.True(game.Ended);
        Assert.Equal(0, game.Reward);
        Assert.Equal([(6, 9)], game.Plane(Ball));
        // The next episode has begun.
        Assert.Equal(3, game["ball y"]);
    }

    [Theory]
    [InlineData("", 30)]
    [InlineData("&brick_rows=1", 10)]
    public void Bricks_WhereNoneIsLeft_ComeBackWhenTheBallIsDown(string rows, int count)
    {
        using var game = new GameTable(Id + rows);
        game.Put(("paddle", 5), ("ball x", 5), ("ball y", 7), ("ball moves right", 1), ("ball moves down", 1), ("bricks in row 1", 0), ("bricks in row 2", 0), ("bricks in row 3", 0));
        Assert.Empty(game.Step(Right).Plane(Brick));
        Assert.Equal(count, game.Step(None).Plane(Brick).Length);
        Assert.False(game.Ended);
    }

    [Fact]
    public void State_WithBricksWhereThereAreNone_IsRefused()
    {
        using var game = new GameTable(Id + "&brick_rows=2");
        Assert.Throws<ArgumentOutOfRangeException>(() => game.Put(("bricks in row 3", 1)));
        Assert.Equal(0, game["bricks in row 3"]);
    }
}
