using System.Text;
using Dataplane.Linux.Processes;

namespace Dataplane.Linux.Tests.Processes;

public sealed class TerminalTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ContainerFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("tty; stty size; exit 4", "/dev/pts/0\r\n33 111\r\n", 4)]
    [InlineData("ps -o tty= -p 1; exit 0", "pts/0\r\n", 0)]
    [InlineData("echo over > /dev/tty", "over\r\n", 0)]
    [InlineData("echo shown > /dev/console", "shown\r\n", 0)]
    [InlineData("ls /proc/self/fd | tr '\\n' ' '", "0 1 2 3 ", 0)]
    public async Task AContainersFirstProcessMayHaveATerminal(string script, string expected, int code)
    {
        // The size is set before the program looks at it: it waits for a line first.
        var (process, terminal) = ContainerLauncher.StartOnTerminal(_fixture.Plan(["/bin/sh", "-c", "stty -echo; read line; " + script]));
        using (process)
        using (terminal)
        {
            Assert.Equal((code, expected), await ConverseAsync(process, terminal));
        }
    }

    [Fact]
    public async Task AProgramInAContainerMayHaveATerminal()
    {
        var container = _fixture.Start(_fixture.Plan(["sleep", "1000"]));
        for (var i = 0; i < 2; i++)
        {
            var (process, terminal) = ContainerLauncher.ExecuteOnTerminal(container, new ProgramPlan
            {
                Arguments = ["sh", "-c", "stty -echo; read line; tty; stty size; exit 6"],
            });
            using (process)
            using (terminal)
            {
                Assert.Equal((6, "/dev/pts/0\r\n33 111\r\n"), await ConverseAsync(process, terminal));
            }
        }
    }

    [Fact]
    public async Task AClosedTerminalHangsUp()
    {
        var (process, terminal) = ContainerLauncher.ExecuteOnTerminal(
            _fixture.Start(_fixture.Plan(["sleep", "1000"])), new ProgramPlan { Arguments = ["sleep", "1000"] });
        using (process)
        {
            terminal.Dispose();
            Assert.Equal(1, (await _fixture.Monitor.WaitAsync(process).WaitAsync(Patience)).Signal);
        }
    }

    [Fact]
    public void AProgramThatIsNotThereLeavesNoTerminal()
    {
        var container = _fixture.Start(_fixture.Plan(["sleep", "1000"]));
        var before = Directory.GetFiles("/proc/self/fd").Length;
        for (var i = 0; i < 20; i++)
        {
            Assert.Throws<ProgramStartException>(() => ContainerLauncher.ExecuteOnTerminal(container, new ProgramPlan { Arguments = ["no-such-program"] }));
        }

        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 4);
    }

    [Fact]
    public async Task ASlowReaderHoldsTheWriterBack()
    {
        using var pipe = Pipe.Create();
        var child = _fixture.Start(_fixture.Plan(["head", "-c", "1000000", "/dev/zero"]), new ProgramStreams(null, pipe.Writer, null));
        pipe.Writer.Dispose();
        var release = new TaskCompletionSource();
        var first = new TaskCompletionSource();
        var (total, calls) = (0, 0);
        var read = _fixture.Monitor.ReadAsync(pipe.TakeReader(), bytes =>
        {
            total += bytes.Length;
            first.TrySetResult();
            return ++calls == 1 ? release.Task : null;
        });
        var exit = _fixture.Monitor.WaitAsync(child);

        // A million bytes do not fit into a pipe: the program cannot end before they are read, while others come and go.
        await first.Task.WaitAsync(Patience);
        await _fixture.RunAsync(["/bin/echo", "somebody else"]);
        Assert.Equal((1, false), (calls, exit.IsCompleted));
        release.SetResult();
        Assert.Equal(0, (await exit.WaitAsync(Patience)).Code);
        await read.WaitAsync(Patience);
        Assert.Equal(1_000_000, total);
    }

    private async Task<(int Code, string Output)> ConverseAsync(ChildProcess process, Terminal terminal)
    {
        var output = new StringBuilder();
        var read = _fixture.Monitor.ReadAsync(terminal.Duplicate(), bytes =>
        {
            output.Append(Encoding.UTF8.GetString(bytes));
            return null;
        });
        var exit = _fixture.Monitor.WaitAsync(process);
        terminal.Resize(new TerminalSize(111, 33));
        await using (var input = DescriptorStream.Writing(terminal.Duplicate(), _fixture.Monitor))
        {
            await input.WriteAsync("go\n"u8.ToArray());
        }

        var status = await exit.WaitAsync(Patience);
        await read.WaitAsync(Patience);
        return (status.Code, output.ToString().Replace("go\r\n", "", StringComparison.Ordinal));
    }
}
