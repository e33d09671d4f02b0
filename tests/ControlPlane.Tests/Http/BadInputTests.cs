using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Validation;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>What no client should send, on the wire: upstream's status and words, and a server that is there afterwards.</summary>
public sealed class BadInputTests(ValidationServer fixture) : IClassFixture<ValidationServer>
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Json = "application/json";
    private const string Yaml = "application/yaml";
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string JsonPatch = "application/json-patch+json";
    private const string MergePatch = "application/merge-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string Unrecognized = "the object provided is unrecognized (must be of type ConfigMap): ";
    private const string Unparsed = Unrecognized + "couldn't get version/kind; json parse error: ";
    private const string Unhandled = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: ";

    private RawServer Server => fixture.Server;

    [Theory]
    [InlineData(Json, "{", Unparsed + "unexpected end of JSON input ({)")]
    [InlineData(Json, "", Unparsed + "unexpected end of JSON input (<empty>)")]
    [InlineData(Json, "nonsense", Unparsed + "invalid character 'o' in literal null (expecting 'u') (6e6f6e73656e7365)")]
    [InlineData(Json, """{"metadata":{"name":"x"},"data":{"k":1}}""",
        Unhandled + "json: cannot unmarshal number into Go struct field ConfigMap.data of type string")]
    [InlineData(Json, """{"metadata":{"name":"x"}} trailing""", Unparsed + "invalid character 't' after top-level value ({\"metadata\":{\"name\":\"x\"}} trai ...)")]
    [InlineData(Json, "[]", Unparsed + "json: cannot unmarshal array into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
        + "Kind string \"json:\\\"kind,omitempty\\\"\" } (5b5d)")]
    [InlineData(Json, """{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}}""",
        "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion")]
    [InlineData(Json, """{"kind":"ConfigMap","apiVersion":"v2","metadata":{"name":"x"}}""",
        "the API version in the data (v2) does not match the expected API version (v1)")]
    [InlineData(Json, """{"kind":"Nonsense","apiVersion":"v1","metadata":{"name":"x"}}""", "Nonsense in version \"v1\" cannot be handled as a ConfigMap: "
        + "no kind \"Nonsense\" is registered for version \"v1\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"")]
    [InlineData(Yaml, "metadata: {name: [", Unrecognized + "yaml: line 1: did not find expected node content (6d657461646174613a207b6e616d653a205b)")]
    [InlineData(Yaml, "a: *b", Unrecognized + "yaml: unknown anchor 'b' referenced (613a202a62)")]
    [InlineData(Protobuf, "k8s\0\u000a\u007f", Unrecognized + "unexpected EOF (6b3873000a7f)")]
    [InlineData(Protobuf, "{}", Unrecognized + "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})")]
    public async Task A_body_that_is_not_the_object_is_refused(string type, string body, string message) =>
        Assert.Equal($"400 BadRequest {message}", await SaidAsync(HttpMethod.Post, ConfigMaps, body, type));

    [Theory]
    [InlineData(Json, """{"metadata":{"name":"d"},"data":{"k":"1","k":"2"}}""", "duplicate field \"data.k\"")]
    [InlineData(Json, """{"metadata":{"name":"d"},"data":{},"data":{"k":"2"}}""", "duplicate field \"data\"")]
    [InlineData(Json, """{"metadata":{"name":"d","nmae":"d"},"data":{"k":"2"}}""", "unknown field \"metadata.nmae\"")]
    [InlineData(Yaml, "metadata: {name: d}\ndata:\n  k: \"1\"\n  k: \"2\"", "yaml: unmarshal errors:\n  line 4: key \"k\" already set in map")]
    public async Task Fields_given_twice_or_unknown_are_refused_warned_of_or_ignored(string type, string body, string problem)
    {
        Assert.Equal(
            $"400 BadRequest {Unhandled}strict decoding error: {problem}",
            await SaidAsync(HttpMethod.Post, $"{ConfigMaps}?fieldValidation=Strict", body, type));
        foreach (var (query, warned) in new[] { ("", true), ("?fieldValidation=Warn", true), ("?fieldValidation=Ignore", false) })
        {
            using var answer = await SendAsync(HttpMethod.Post, ConfigMaps + query, Encoding.UTF8.GetBytes(body), type);
            var made = JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!;
            Assert.Equal((201, "2"), ((int)answer.StatusCode, (string?)made["data"]?["k"]));
            Assert.Equal(warned ? [$"299 - \"{problem.Replace("\"", "\\\"", StringComparison.Ordinal).Replace('\n', '?')}\""] : [], Warnings(answer));
            await Server.DeleteAsync($"{ConfigMaps}/d");
        }
    }

    [Theory]
    [InlineData(MergePatch, """{"data":{"k":"1","k":"2"},"data":{"k":"3","k":"2"}}""")]
    [InlineData(Strategic, """{"data":{"k":"1","k":"2"}}""")]
    [InlineData(JsonPatch, """[{"op":"remove","op":"add","path":"/data","value":{"k":"1","k":"2"}}]""")]
    public async Task Of_what_a_patch_gives_twice_the_last_counts(string type, string patch)
    {
        await MakeTargetAsync();
        var map = await Server.WriteAsync(HttpMethod.Patch, $"{ConfigMaps}/target", patch, type);
        Assert.Equal("2", (string?)map["data"]!["k"]);
    }

    [Fact]
    public async Task Owners_of_a_field_may_be_given_twice()
    {
        const string owners = """[{"manager":"m","operation":"Update","apiVersion":"v1","time":"2020-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{},"f:data":{}}}]""";
        await Server.CreateAsync(ConfigMaps, "{\"metadata\":{\"name\":\"owned\",\"managedFields\":" + owners + """},"data":{"k":"v"}}""");
    }

    [Fact]
    public async Task A_token_that_says_things_twice_is_nobodys()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, ConfigMaps);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "eyJhbGciOiJSUzI1NiIsImFsZyI6IlJTMjU2In0.e30.AA");
        using var answer = await Server.Http.SendAsync(request, RawServer.Cancellation);
        Assert.Equal((401, "Unauthorized", "Unauthorized"), await ReadAsync(answer));
    }

    [Fact]
    public async Task However_much_there_is_to_warn_of_the_headers_stay_small()
    {
        var fields = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"unknown-{new string('x', 40)}{i}\":1"));
        using var answer = await SendAsync(HttpMethod.Post, $"{ConfigMaps}?dryRun=All", Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"w"},{{{fields}}}}"""), Json);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.InRange(Warnings(answer).Sum(warning => warning.Length), 1000, 8192);
    }

    [Theory]
    [InlineData("POST", ConfigMaps, "text/plain", "the body of the request was in an unknown format - accepted media types include: "
        + "application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    [InlineData("PATCH", $"{ConfigMaps}/target", Json, "the body of the request was in an unknown format - accepted media types include: "
        + "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml")]
    public async Task Other_content_types_are_refused(string method, string path, string type, string message) =>
        Assert.Equal((415, "UnsupportedMediaType", message), await RefusedAsync(new HttpMethod(method), path, "{}", type));

    [Fact]
    public async Task A_body_of_more_than_three_mebibytes_is_refused_whether_or_not_it_says_so()
    {
        var body = Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"large"},"data":{"k":"{{{new string('x', 3 * 1024 * 1024)}}}"}}""");
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch })
        {
            var path = method == HttpMethod.Post ? ConfigMaps : $"{ConfigMaps}/target";
            var type = method == HttpMethod.Patch ? MergePatch : Json;
            using var announced = await SendAsync(method, path, body, type);
            Assert.Equal((413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"), await ReadAsync(announced));
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, ConfigMaps) { Content = new ByteArrayContent(body) };
        request.Headers.TransferEncodingChunked = true;
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(Json);
        using var unannounced = await Server.Http.SendAsync(request, RawServer.Cancellation);
        Assert.Equal((413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"), await ReadAsync(unannounced));
    }

    [Fact]
    public async Task A_patch_has_ten_thousand_operations_and_not_one_more()
    {
        static string Operations(int count) =>
            $"[{string.Join(',', Enumerable.Repeat("""{"op":"test","path":"/kind","value":"ConfigMap"}""", count))}]";

        const string path = $"{ConfigMaps}/target";
        await MakeTargetAsync();
        Assert.Equal(
            (413, "RequestEntityTooLarge", "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"),
            await RefusedAsync(HttpMethod.Patch, path, Operations(10_001), JsonPatch));
        await Server.WriteAsync(HttpMethod.Patch, path, Operations(10_000), JsonPatch);
    }

    [Theory]
    [InlineData(JsonPatch, "nonsense", 400, "BadRequest", "invalid character 'o' in literal null (expecting 'u')")]
    [InlineData(JsonPatch, """[{"op":"test","path":"/kind","value":"Pod"}]""", 422, "Invalid", "the server rejected our request due to an error in our request")]
    [InlineData(JsonPatch, """[{"op":"remove","path":"/data/none"}]""", 422, "Invalid", "the server rejected our request due to an error in our request")]
    [InlineData(JsonPatch, """[{"op":"nonsense","path":"/data"}]""", 422, "Invalid", "the server rejected our request due to an error in our request")]
    [InlineData(JsonPatch, """{"op":"remove","path":"/data"}""", 400, "BadRequest", "json: cannot unmarshal object into Go value of type jsonpatch.Patch")]
    [InlineData(MergePatch, "[]", 400, "BadRequest", "Invalid JSON Patch")]
    [InlineData(MergePatch, "{", 400, "BadRequest", "Invalid JSON Patch")]
    [InlineData(Strategic, "[]", 400, "BadRequest", "json: cannot unmarshal array into Go value of type map[string]interface {}")]
    [InlineData(Strategic, "{,}", 400, "BadRequest", "invalid character ',' looking for beginning of object key string")]
    public async Task Patches_are_refused(string type, string patch, int code, string reason, string message)
    {
        const string path = $"{ConfigMaps}/target";
        await MakeTargetAsync();
        Assert.Equal($"{code} {reason} {message}", await SaidAsync(HttpMethod.Patch, path, patch, type));
    }

    [Fact]
    public async Task Copies_of_copies_do_not_fill_the_memory()
    {
        var copies = string.Join(',', Enumerable.Range(0, 60).Select(i => $$"""{"op":"copy","from":"/data","path":"/data/k{{i}}"}"""));
        await Server.CreateConfigMapAsync("bomb");
        Assert.Equal(
            (422, "Invalid", "the server rejected our request due to an error in our request"),
            await RefusedAsync(HttpMethod.Patch, $"{ConfigMaps}/bomb", $"[{copies}]", JsonPatch));
    }

    [Theory]
    [InlineData("POST", Json, "[", 200_000)]
    [InlineData("POST", Json, "{\"a\":", 200_000)]
    [InlineData("POST", Json, "{\"metadata\":", 100_000)]
    [InlineData("POST", Yaml, "[", 200_000)]
    [InlineData("POST", Yaml, "{a: ", 200_000)]
    [InlineData("POST", Yaml, "- ", 200_000)]
    [InlineData("PATCH", JsonPatch, "[", 200_000)]
    [InlineData("PATCH", MergePatch, "{\"a\":", 200_000)]
    [InlineData("PATCH", Strategic, "{\"spec\":", 200_000)]
    [InlineData("PATCH", "application/apply-patch+yaml", "{a: ", 200_000)]
    public async Task Depth_is_refused_and_never_a_crash(string method, string type, string open, int depth)
    {
        var path = method == "POST" ? ConfigMaps : $"{ConfigMaps}/target?fieldManager=m&force={(type.StartsWith("application/apply", StringComparison.Ordinal) ? "true" : "")}";
        var text = string.Concat(Enumerable.Repeat(open, depth));
        var (code, reason, message) = await RefusedAsync(new HttpMethod(method), path, text, type);
        Assert.Equal((400, "BadRequest"), (code, reason));
        Assert.InRange(message.Length, 1, 400);
        var closed = text + "1" + string.Concat(Enumerable.Repeat(open[0] == '[' ? "]" : open[0] == '{' ? "}" : "", depth));
        (code, _, _) = await RefusedAsync(new HttpMethod(method), path, closed, type);
        Assert.Equal(400, code);
    }

    [Fact]
    public async Task Aliases_of_aliases_are_refused()
    {
        var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 12; i++)
        {
            bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        var (code, _, message) = await RefusedAsync(HttpMethod.Post, ConfigMaps, bomb.ToString(), Yaml);
        Assert.Equal(400, code);
        Assert.Contains("yaml: document contains excessive aliasing", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("invalid", "7b226d65746164617461223a7b226e616d65223a22757466227d2c2264617461223a7b226b223a2261ff62227d7d")]
    [InlineData("half a surrogate pair", "7b226d65746164617461223a7b226e616d65223a22757466227d2c2264617461223a7b226b223a22615c756438303062227d7d")]
    public async Task What_is_no_character_is_read_as_the_one_that_says_so(string what, string hex)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"{ConfigMaps}?dryRun=All", Convert.FromHexString(hex), Json);
        var made = JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!;
        Assert.True((int)answer.StatusCode == 201, $"{what}: {made}");
        Assert.Equal("a\uFFFDb", (string?)made["data"]!["k"]);
    }

    [Theory]
    [InlineData("resourceVersion=-1", 400, "BadRequest", "resourceVersion: Invalid value: \"-1\": strconv.ParseUint: parsing \"-1\": invalid syntax")]
    [InlineData("resourceVersion=99999999999999999999", 400, "BadRequest",
        "resourceVersion: Invalid value: \"99999999999999999999\": strconv.ParseUint: parsing \"99999999999999999999\": value out of range")]
    [InlineData("resourceVersion=99999999999&resourceVersionMatch=NotOlderThan", 504, "Timeout", "Too large resource version: 99999999999, current: ")]
    [InlineData("watch=1&resourceVersion=x", 422, "Invalid",
        "configmaps \"\" is invalid: resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax")]
    [InlineData("continue=%25", 400, "BadRequest", "invalid continue token: continue key is not valid: illegal base64 data at input byte 0")]
    [InlineData("continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEi", 400, "BadRequest", "invalid continue token: continue key is not valid: unexpected end of JSON input")]
    [InlineData("continue=eyJ2IjoidjkiLCJ2IjoidjgiLCJ2IjoidjcifQ", 400, "BadRequest",
        "invalid continue token: continue key is not valid: server does not recognize this encoded version \"v7\"")]
    [InlineData("continue=eyJ2IjoidjkifQ", 400, "BadRequest",
        "invalid continue token: continue key is not valid: server does not recognize this encoded version \"v9\"")]
    [InlineData("continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi9zZWNyZXRzL3gifQ", 400, "BadRequest", "invalid continue token: ")]
    [InlineData("limit=x", 400, "BadRequest", "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData("limit=99999999999999999999", 400, "BadRequest", "strconv.ParseInt: parsing \"99999999999999999999\": value out of range")]
    [InlineData("timeoutSeconds=1.5", 400, "BadRequest", "strconv.ParseInt: parsing \"1.5\": invalid syntax")]
    [InlineData("labelSelector=a%3D%3D%3Db", 400, "BadRequest", "unable to parse requirement: found '=', expected: identifier")]
    [InlineData("labelSelector=a%20in%20b", 400, "BadRequest", "unable to parse requirement: found 'b' expected: '('")]
    [InlineData("fieldSelector=a", 400, "BadRequest", "invalid selector: 'a'; can't understand 'a'")]
    [InlineData("fieldSelector=spec.x%3D1", 400, "BadRequest", "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    public async Task Lists_and_watches_ask_for_what_there_is(string query, int code, string reason, string message)
    {
        var refused = await RefusedAsync(HttpMethod.Get, $"{ConfigMaps}?{query}", null, Json);
        Assert.Equal((code, reason), (refused.Code, refused.Reason));
        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("limit=-1")]
    [InlineData("limit=9223372036854775807")]
    [InlineData("nonsense=1&%00=2&limit=1&limit=2")]
    [InlineData("watch=0&pretty=x&timeout=1s")]
    [InlineData("watch=1&timeoutSeconds=1&resourceVersion=0&allowWatchBookmarks=maybe")]
    public async Task Parameters_that_mean_nothing_are_ignored(string query)
    {
        using var answer = await Server.SendAsync(HttpMethod.Get, $"{ConfigMaps}?{query}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("POST", "fieldValidation=Loud", "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Loud\": "
        + "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"")]
    [InlineData("POST", "dryRun=Some", "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: []string{\"Some\"}: supported values: \"All\"")]
    [InlineData("PUT", "dryRun=", "UpdateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: []string{\"\"}: supported values: \"All\"")]
    [InlineData("PATCH", "fieldManager=a%01b", "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\x01b\": "
        + "invalid character U+0001 (at position 1)")]
    [InlineData("DELETE", "propagationPolicy=Nonsense", "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Nonsense\": "
        + "supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"")]
    public async Task Writes_ask_for_what_there_is(string method, string query, string message)
    {
        var path = method == "POST" ? ConfigMaps : $"{ConfigMaps}/target";
        var body = """{"metadata":{"name":"target"}}""";
        var refused = await RefusedAsync(new HttpMethod(method), $"{path}?{query}", method == "DELETE" ? null : body, method == "PATCH" ? MergePatch : Json);
        Assert.Equal((422, "Invalid", message), refused);
    }

    [Theory]
    [InlineData("POST", $"{ConfigMaps}/target")]
    [InlineData("PUT", ConfigMaps)]
    [InlineData("PATCH", ConfigMaps)]
    [InlineData("DELETE", "/api/v1/namespaces")]
    [InlineData("NONSENSE", ConfigMaps)]
    [InlineData("GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews")]
    [InlineData("POST", "/api/v1")]
    public async Task Other_methods_are_refused(string method, string path) => Assert.Equal(
        (405, "MethodNotAllowed", "the server does not allow this method on the requested resource"),
        await RefusedAsync(new HttpMethod(method), path, method is "POST" or "PUT" or "PATCH" ? "{}" : null, Json));

    [Theory]
    [InlineData("/api/v1/nonsense", true)]
    [InlineData("/api/v1/namespaces/default/nonsense", true)]
    [InlineData("/api/v1/namespaces/default/configmaps/x/nonsense", true)]
    [InlineData("/apis/apps/v1/namespaces/default/pods", true)]
    [InlineData("/apis/apps/v9/deployments", false)]
    [InlineData("/apis/nonsense/v1/x", false)]
    [InlineData("/api/v2/pods", false)]
    [InlineData("/nonsense", false)]
    [InlineData("/api/v1/namespaces/default/configmaps/a/b/c/d", true)]
    public async Task Paths_that_are_none_are_not_found(string path, bool inGroup)
    {
        using var answer = await Server.SendAsync(HttpMethod.Get, path);
        var text = await answer.Content.ReadAsStringAsync(RawServer.Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        if (inGroup)
        {
            Assert.Equal("the server could not find the requested resource", (string?)JsonNode.Parse(text)!["message"]);
        }
        else
        {
            Assert.Equal("404 page not found\n", text);
        }
    }

    [Fact]
    public async Task Long_urls_are_read_and_endless_ones_refused()
    {
        var values = string.Join(',', Enumerable.Range(0, 5000).Select(i => $"value-number-{i}"));
        var list = await Server.GetAsync($"{ConfigMaps}?labelSelector=l%20in%20({values})");
        Assert.Empty(list["items"]!.AsArray());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{ConfigMaps}?labelSelector={new string('x', 1_200_000)}");
        using var long1 = await Server.Http.SendAsync(request, RawServer.Cancellation);
        Assert.Contains((int)long1.StatusCode, new[] { 414, 431 });
        using var header = new HttpRequestMessage(HttpMethod.Get, ConfigMaps);
        header.Headers.TryAddWithoutValidation("X-Long", new string('x', 1_200_000));
        using var long2 = await Server.Http.SendAsync(header, RawServer.Cancellation);
        Assert.Equal(431, (int)long2.StatusCode);
    }

    /// <summary>The object that is asked for changes it cannot have.</summary>
    private async Task MakeTargetAsync()
    {
        using var answer = await SendAsync(HttpMethod.Post, ConfigMaps, """{"metadata":{"name":"target"},"data":{"k":"v"}}"""u8.ToArray(), Json);
        Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.Conflict });
    }

    private static string[] Warnings(HttpResponseMessage answer) =>
        answer.Headers.NonValidated.TryGetValues("Warning", out var values) ? [.. values] : [];

    private static async Task<(int Code, string Reason, string Message)> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(RawServer.Cancellation);
        Assert.StartsWith("{\"kind\":\"Status\"", text, StringComparison.Ordinal);
        var status = JsonNode.Parse(text)!;
        Assert.Equal((int)answer.StatusCode, (int)status["code"]!);
        return ((int)answer.StatusCode, (string)status["reason"]!, (string)status["message"]!);
    }

    private async Task<string> SaidAsync(HttpMethod method, string path, string body, string type)
    {
        var (code, reason, message) = await RefusedAsync(method, path, body, type);
        return $"{code} {reason} {message}";
    }

    private async Task<(int Code, string Reason, string Message)> RefusedAsync(HttpMethod method, string path, string? body, string type)
    {
        using var answer = await SendAsync(method, path, body is null ? null : Encoding.UTF8.GetBytes(body), type);
        return await ReadAsync(answer);
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body, string type)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        }

        return Server.Http.SendAsync(request, RawServer.Cancellation);
    }
}
