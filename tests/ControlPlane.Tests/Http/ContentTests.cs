using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>Answers in every form a client can ask for.</summary>
public sealed class ContentTests : IAsyncLifetime
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Partial = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    private RawServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RawServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task MetadataComesInProtobuf()
    {
        await _server.CreateConfigMapAsync("one");
        var obj = await ProtobufAsync($"{Maps}/one", Partial, "meta.PartialObjectMetadata");
        Assert.Equal("PartialObjectMetadata meta.k8s.io/v1 one", $"{obj["kind"]} {obj["apiVersion"]} {obj["metadata"]!["name"]}");
        Assert.Null(obj["data"]);
        using var list = await _server.SendAsync(HttpMethod.Get, Maps, Partial.Replace("Metadata", "MetadataList", StringComparison.Ordinal));
        Assert.Equal("application/vnd.kubernetes.protobuf", list.Content.Headers.ContentType!.ToString());
        using var answer = await _server.SendAsync(HttpMethod.Get, $"{Maps}?watch=1&resourceVersion=0&timeoutSeconds=60", Partial);
        var body = await answer.Content.ReadAsStreamAsync(RawServer.Cancellation);
        var length = new byte[4];
        await body.ReadExactlyAsync(length, RawServer.Cancellation);
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await body.ReadExactlyAsync(frame, RawServer.Cancellation);
        Assert.Contains("PartialObjectMetadata", System.Text.Encoding.UTF8.GetString(frame), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStatusAndAScaleComeInProtobuf()
    {
        const string protobuf = "application/vnd.kubernetes.protobuf";
        var missing = await ProtobufAsync($"{Maps}/none", protobuf, "meta.Status", 404);
        Assert.Equal("NotFound 404", $"{missing["reason"]} {missing["code"]}");
        await _server.CreateAsync("/api/v1/namespaces/default/replicationcontrollers", """
            {"metadata":{"name":"rc"},"spec":{"replicas":0,"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        var scale = await ProtobufAsync("/api/v1/namespaces/default/replicationcontrollers/rc/scale", protobuf, "autoscaling.Scale");
        Assert.Equal("Scale rc a=b", $"{scale["kind"]} {scale["metadata"]!["name"]} {scale["status"]!["selector"]}");
    }

    [Fact]
    public async Task WhatIsNotServedIsRefusedWithWhatIs()
    {
        var refused = await _server.GetAsync(Maps, "text/html", 406);
        Assert.Equal(
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf", (string?)refused["message"]);
    }

    [Fact]
    public async Task YamlAndIndentedJsonAreForPeople()
    {
        await _server.CreateConfigMapAsync("text");
        using var yaml = await _server.SendAsync(HttpMethod.Get, $"{Maps}/text", "application/yaml");
        Assert.Equal("application/yaml", yaml.Content.Headers.ContentType!.ToString());
        Assert.Contains("data:\n  k: v\n", await yaml.Content.ReadAsStringAsync(RawServer.Cancellation), StringComparison.Ordinal);
        using var pretty = await _server.SendAsync(HttpMethod.Get, $"{Maps}/text?pretty=true");
        Assert.StartsWith("{\n  \"kind\": \"ConfigMap\",\n", await pretty.Content.ReadAsStringAsync(RawServer.Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LargeAnswersAreCompressedForThoseWhoCanRead()
    {
        await _server.CreateAsync(Maps, $$$"""{"metadata":{"name":"large"},"data":{"k":"{{{new string('x', 200_000)}}}"}}""");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Maps}/large");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var compressed = await _server.Http.SendAsync(request, RawServer.Cancellation);
        Assert.Equal("gzip", Assert.Single(compressed.Content.Headers.ContentEncoding));
        await using var gzip = new GZipStream(await compressed.Content.ReadAsStreamAsync(RawServer.Cancellation), CompressionMode.Decompress);
        Assert.Equal("large", (string?)(await JsonNode.ParseAsync(gzip, cancellationToken: RawServer.Cancellation))!["metadata"]!["name"]);
        using var plain = await _server.SendAsync(HttpMethod.Get, $"{Maps}/large");
        Assert.Empty(plain.Content.Headers.ContentEncoding);
    }

    [Theory]
    [InlineData("application/json", 3)]
    [InlineData("application/vnd.kubernetes.protobuf", 3)]
    [InlineData("application/json", 60)]
    [InlineData("application/vnd.kubernetes.protobuf", 60)]
    public async Task AListIsTheSameCompressedAndPlainAndOnceMore(string accept, int count)
    {
        var last = new JsonObject();
        for (var i = 0; i < count; i++)
        {
            last = await _server.CreateAsync(Maps, $$$"""{"metadata":{"name":"map-{{{i:00}}}"},"data":{"k":"{{{new string((char)('a' + (i % 26)), 5000)}}} \"{{{i}}}\" \n é"}}""");
        }

        var path = $"{Maps}?fieldSelector=metadata.name!=kube-root-ca.crt&resourceVersionMatch=Exact&resourceVersion={last["metadata"]!["resourceVersion"]}";
        var plain = await BytesAsync(path, accept);
        Assert.Equal(plain, await BytesAsync(path, accept));
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var answer = await _server.Http.SendAsync(request, RawServer.Cancellation);
        Assert.Equal(plain.Length >= 128 * 1024, answer.Content.Headers.ContentEncoding.Contains("gzip"));
        var body = await answer.Content.ReadAsStreamAsync(RawServer.Cancellation);
        await using var unpacked = answer.Content.Headers.ContentEncoding.Count > 0 ? new GZipStream(body, CompressionMode.Decompress) : body;
        var same = new MemoryStream();
        await unpacked.CopyToAsync(same, RawServer.Cancellation);
        Assert.Equal(plain, same.ToArray());

        var items = accept == "application/json" ? JsonNode.Parse(plain)!["items"]!.AsArray().Select(item => (JsonObject)item!).ToList() : ProtobufItems(plain);
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"map-{i:00}"), items.Select(item => (string?)item["metadata"]!["name"]));
        Assert.EndsWith("\"2\" \n é", (string?)items[2]["data"]!["k"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADocumentThatIsKeptCompressedIsNotIndented()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v3/api/v1");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        request.Headers.TryAddWithoutValidation("User-Agent", "curl/8");
        using var answer = await _server.Http.SendAsync(request, RawServer.Cancellation);
        await using var gzip = new GZipStream(await answer.Content.ReadAsStreamAsync(RawServer.Cancellation), CompressionMode.Decompress);
        Assert.Equal("3.0.0", (string?)(await JsonNode.ParseAsync(gzip, cancellationToken: RawServer.Cancellation))!["openapi"]);
    }

    [Fact]
    public async Task BetaVersionsShowWhatIsStored()
    {
        const string path = "/apis/networking.k8s.io/v1beta1/servicecidrs";
        Assert.Equal("networking.k8s.io/v1beta1", (string?)(await _server.GetAsync($"{path}/kubernetes"))["apiVersion"]);
        await _server.CreateAsync(path, """{"metadata":{"name":"beta"},"spec":{"cidrs":["10.97.0.0/24"]}}""");
        Assert.Equal("networking.k8s.io/v1", (string?)(await _server.GetAsync("/apis/networking.k8s.io/v1/servicecidrs/beta"))["apiVersion"]);
        var list = await _server.GetAsync(path);
        Assert.All(list["items"]!.AsArray(), item => Assert.Equal("networking.k8s.io/v1beta1", (string?)item!["apiVersion"]));
    }

    /// <summary>The ConfigMaps of a list in its envelope.</summary>
    private static List<JsonObject> ProtobufItems(byte[] body)
    {
        var items = new List<JsonObject>();
        var envelope = new ProtobufReader(body.AsSpan(4));
        while (envelope.Next())
        {
            var list = new ProtobufReader(envelope.Bytes());
            while (envelope.Field == 2 && list.Next())
            {
                var item = list.Bytes();
                if (list.Field == 2)
                {
                    using var own = new ProtobufBuffer();
                    ProtobufTranscoder.OpenEnvelope("v1", "ConfigMap", own);
                    own.Bytes(2, item);
                    items.Add(ProtobufDecoder.Decode(own.Written.Span, SchemaTable.Kubernetes.Type("core.ConfigMap")));
                }
            }
        }

        return items;
    }

    private async Task<byte[]> BytesAsync(string path, string accept)
    {
        using var answer = await _server.SendAsync(HttpMethod.Get, path, accept);
        Assert.Equal(answer.Content.Headers.ContentLength, (await answer.Content.ReadAsByteArrayAsync(RawServer.Cancellation)).Length);
        return await answer.Content.ReadAsByteArrayAsync(RawServer.Cancellation);
    }

    private async Task<JsonObject> ProtobufAsync(string path, string accept, string type, int code = 200)
    {
        using var answer = await _server.SendAsync(HttpMethod.Get, path, accept);
        Assert.Equal(code, (int)answer.StatusCode);
        Assert.Equal("application/vnd.kubernetes.protobuf", answer.Content.Headers.ContentType!.ToString());
        return ProtobufDecoder.Decode(await answer.Content.ReadAsByteArrayAsync(RawServer.Cancellation), SchemaTable.Kubernetes.Type(type));
    }
}
