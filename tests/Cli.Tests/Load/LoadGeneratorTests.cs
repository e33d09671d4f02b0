using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Cli.Echo;
using Dataplane.Cli.Load;
using Dataplane.Linux;

namespace Dataplane.Cli.Tests.Load;

public sealed class LoadGeneratorTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryRequestIsAnsweredByTheEchoServer(bool keepAlive)
    {
        using var server = StartEcho("replica-1", out var thread);
        var result = await LoadGenerator.RunAsync(
            null, new IPEndPoint(IPAddress.Loopback, server.Port), 8, 500, TestContext.Current.CancellationToken, keepAlive);
        server.Stop();
        thread.Join();

        Assert.Equal((500, 0, null), (result.Requests, result.Errors, result.FirstError));
        Assert.Equal(500, Assert.Single(result.RepliesByHost, replies => replies.Key == "replica-1").Value);
        Assert.InRange(result.P50Us, double.Epsilon, result.P99Us);
    }

    [Fact]
    public async Task ARefusedConnectionIsAnErrorWithItsReason()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var result = await LoadGenerator.RunAsync(null, (IPEndPoint)closed.LocalEndPoint!, 2, 5, TestContext.Current.CancellationToken);
        Assert.Equal((0, 5), (result.Requests, result.Errors));
        Assert.Contains("refused", result.FirstError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AConnectionThatIsNotMadeIsNotTakenForAReplyThatDoesNotCome()
    {
        // Room for one connection that nobody accepts (inet_connection_sock.h, sk_acceptq_is_full): the next one's SYN is not answered.
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(0);
        var reasons = new List<string?>();
        for (var run = 0; run < 2; run++)
        {
            var result = await LoadGenerator.RunAsync(
                null, (IPEndPoint)silent.LocalEndPoint!, 1, 1, TestContext.Current.CancellationToken, limit: TimeSpan.FromMilliseconds(1500));
            reasons.Add(result.FirstError);
        }

        Assert.Equal(["no reply within 1500 ms", "no connection within 1500 ms"], reasons);
    }

    [Fact]
    public void TheEchoServerAnswersPipelinedRequestsAndSkipsTheirBodies()
    {
        using var server = StartEcho("replica-1", out var thread);
        using var client = new TcpClient(AddressFamily.InterNetwork);
        client.Connect(IPAddress.Loopback, server.Port);
        client.GetStream().Write(Encoding.ASCII.GetBytes(
            "POST /a HTTP/1.1\r\nContent-Length: 20\r\n\r\nGET /b HTTP/1.1\r\n\r\n GET /c HTTP/1.1\r\nConnection: close\r\n\r\n"));
        var text = new StreamReader(client.GetStream()).ReadToEnd();
        server.Stop();
        thread.Join();

        Assert.Equal(2, text.Split("HTTP/1.1 200 OK").Length - 1);
        Assert.Contains($"client: {client.Client.LocalEndPoint}\n", text, StringComparison.Ordinal);
        Assert.Contains($"address: 127.0.0.1:{server.Port}\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void APortInUseIsSaid()
    {
        using var first = new EchoServer(0);
        Assert.Contains("Address already in use", Assert.Throws<LinuxException>(() => new EchoServer(first.Port)).Message, StringComparison.Ordinal);
    }

    private static EchoServer StartEcho(string host, out Thread thread)
    {
        var server = new EchoServer(0, host);
        thread = new Thread(server.Run) { IsBackground = true };
        thread.Start();
        return server;
    }
}
