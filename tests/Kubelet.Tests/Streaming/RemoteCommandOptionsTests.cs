using System.Text;
using Dataplane.Kubelet.Streaming;
using Dataplane.Linux.Processes;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Dataplane.Kubelet.Tests.Streaming;

public sealed class RemoteCommandOptionsTests
{
    [Theory]
    [InlineData("command=sh&command=-c&command=a%20b&output=1&error=1", "sh|-c|a b", false, true, true, false)]
    [InlineData("command=cat&input=1&output=1", "cat", true, true, false, false)]
    [InlineData("command=sh&input=1&output=1&error=1&tty=1", "sh", true, true, false, true)]
    [InlineData("output=1", "", false, true, false, false)]
    public void TheQuerySaysCommandAndStreams(string query, string command, bool input, bool output, bool error, bool terminal)
    {
        var options = RemoteCommandOptions.Parse(Query(query));
        Assert.Equal(command, string.Join('|', options.Command));
        Assert.Equal((input, output, error, terminal), (options.Streams.Input, options.Streams.Output, options.Streams.Error, options.Terminal));
    }

    [Theory]
    [InlineData("command=sh")]
    [InlineData("command=sh&tty=1&error=1")]
    public void WithoutAStreamThereIsNothingToDo(string query) => Assert.Equal(
        "you must specify at least 1 of stdin, stdout, stderr", Assert.Throws<FormatException>(() => RemoteCommandOptions.Parse(Query(query))).Message);

    [Theory]
    [InlineData("v5.channel.k8s.io v4.channel.k8s.io", "v5.channel.k8s.io")]
    [InlineData("v9.channel.k8s.io v4.base64.channel.k8s.io", "v4.base64.channel.k8s.io")]
    [InlineData("base64.channel.k8s.io", "base64.channel.k8s.io")]
    [InlineData("", "")]
    [InlineData("SPDY/3.1+portforward.k8s.io", null)]
    public void TheFirstOfferedProtocolThatIsServedIsChosen(string offered, string? chosen) => Assert.Equal(
        chosen, ChannelProtocol.Choose(ChannelProtocol.RemoteCommand, offered.Split(' ', StringSplitOptions.RemoveEmptyEntries))?.Name);

    [Theory]
    [InlineData("port=80&port=8080,9090", "80 8080 9090")]
    public void PortsOfChannelsComeFromTheQuery(string query, string ports) =>
        Assert.Equal(ports, string.Join(' ', ChannelPortForward.Ports(Query(query)["port"])));

    [Theory]
    [InlineData("", "query parameter \"port\" is required")]
    [InlineData("port=", "query parameter \"port\" cannot be empty")]
    [InlineData("port=0", "port \"0\" must be > 0")]
    [InlineData("port=70000", "unable to parse \"70000\" as a port")]
    [InlineData("port=80,http", "unable to parse \"80,http\" as a port")]
    public void WhatIsNoPortIsSaid(string query, string problem) =>
        Assert.Equal(problem, Assert.Throws<FormatException>(() => ChannelPortForward.Ports(Query(query)["port"])).Message);

    [Fact]
    public void SizesAreFoundHoweverTheyAreCut()
    {
        const string text = "{\"Width\":80,\"Height\":24}\n{\"Width\":0}{\"Height\":7,\"Width\":65535}nonsense}{{\"Width\":70000,\"Height\":1}{\"Width\":1,\"Height\":2}";
        Prop.ForAll<byte>(cut =>
        {
            var reader = new TerminalSizeReader();
            var bytes = Encoding.ASCII.GetBytes(text);
            var sizes = bytes.Chunk(1 + (cut % bytes.Length)).SelectMany(part => reader.Take(part).ToArray()).ToArray();
            Assert.Equal([new TerminalSize(80, 24), new TerminalSize(65535, 7), new TerminalSize(1, 2)], sizes);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void WhatIsNoSizeIsPassedOver() => Prop.ForAll<byte[]>(bytes =>
    {
        var reader = new TerminalSizeReader();
        Assert.Empty(reader.Take((byte[])[.. bytes, .. new byte[1000]]).ToArray());
        Assert.Equal([new TerminalSize(1, 2)], reader.Take("{\"Width\":1,\"Height\":2}"u8.ToArray()).ToArray());
    }).QuickCheckThrowOnFailure();

    private static QueryCollection Query(string text) => new(QueryHelpers.ParseQuery(text));
}
