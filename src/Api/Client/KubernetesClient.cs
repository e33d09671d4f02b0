using System.Buffers;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Dataplane.Api.Client;

/// <summary>
/// A typed client of a Kubernetes API server: JSON over HTTP/2 where the server speaks it. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Every call throws <see cref="ApiException"/> for a refusal and <see cref="HttpRequestException"/> when the server cannot be reached
/// or does not answer within 60 s.
/// </remarks>
public sealed class KubernetesClient : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>Large enough for most events: a line in one piece is read faster.</summary>
    private const int WatchBuffer = 32 * 1024;

    private static readonly MediaTypeHeaderValue Yaml = new("application/yaml");

    private readonly HttpClient _http;

    /// <summary>A client of the server a kubeconfig names.</summary>
    public KubernetesClient(KubeConfig config)
        : this(ApiTransport.CreateHttpClient(config), config.Server)
    {
    }

    /// <summary>A client over a transport of one's own, such as a server's in-memory one. The handler is disposed with the client.</summary>
    /// <param name="server">The root that paths are relative to.</param>
    /// <param name="handler">Answers the requests.</param>
    public KubernetesClient(Uri server, HttpMessageHandler handler)
        : this(ApiTransport.CreateHttpClient(server, handler), server)
    {
    }

    private KubernetesClient(HttpClient http, Uri server)
    {
        _http = http;
        Server = server;
    }

    /// <summary>The server's root.</summary>
    public Uri Server { get; }

    /// <summary>One object.</summary>
    public Task<T> GetAsync<T>(NamespacedName name, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        SendAsync<T>(HttpMethod.Get, ObjectPath(T.Resource, name), null, cancellationToken);

    /// <summary>One object; the namespace is empty for a cluster-scoped one.</summary>
    public Task<T> GetAsync<T>(string ns, string name, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        GetAsync<T>(new NamespacedName(ns, name), cancellationToken);

    /// <summary>All objects, or one chunk of them when <see cref="ListOptions.Limit"/> is given.</summary>
    public Task<KubernetesList<T>> ListAsync<T>(ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        ReadAsync<KubernetesList<T>>(T.Resource.Path(options?.Namespace) + ListQuery.Of(options), cancellationToken);

    /// <summary>The metadata of all objects of a resource known only at run time.</summary>
    public Task<KubernetesList<PartialObjectMetadata>> ListMetadataAsync(
        ResourceType resource, ListOptions? options = null, CancellationToken cancellationToken = default) =>
        SendAsync<KubernetesList<PartialObjectMetadata>>(
            HttpMethod.Get, resource.Path(options?.Namespace) + ListQuery.Of(options), null, cancellationToken);

    /// <summary>Creates an object in its own namespace and hands back what the server made of it.</summary>
    public Task<T> CreateAsync<T>(T obj, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        SendAsync<T>(HttpMethod.Post, T.Resource.Path(obj.Metadata.Namespace), Body(obj), cancellationToken);

    /// <summary>Creates what a YAML or JSON document of one's own describes; the server decodes it strictly and refuses unknown fields.</summary>
    public async Task CreateYamlAsync(ResourceType resource, string ns, string yaml, CancellationToken cancellationToken = default)
    {
        using var body = new StringContent(yaml, Yaml);
        using var response = await RequestAsync(
            HttpMethod.Post, resource.Path(ns) + "?fieldValidation=Strict", body, HttpCompletionOption.ResponseContentRead, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Replaces an object; a resource version in it makes that conditional.</summary>
    /// <param name="obj">The whole object.</param>
    /// <param name="subresource">Null for the object itself, else <c>status</c>, <c>finalize</c>, ...</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<T> UpdateAsync<T>(T obj, string? subresource = null, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        SendAsync<T>(HttpMethod.Put, ObjectPath(T.Resource, NamespacedName.Of(obj), subresource), Body(obj), cancellationToken);

    /// <summary>Replaces an object's status only.</summary>
    public Task<T> UpdateStatusAsync<T>(T obj, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        UpdateAsync(obj, "status", cancellationToken);

    /// <summary>Changes parts of an object.</summary>
    /// <param name="name">Which one.</param>
    /// <param name="type">How <paramref name="patch"/> is to be read.</param>
    /// <param name="patch">UTF-8.</param>
    /// <param name="subresource">Null for the object itself, else <c>status</c>, <c>scale</c>, ...</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<T> PatchAsync<T>(
        NamespacedName name, PatchType type, ReadOnlyMemory<byte> patch, string? subresource = null, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        SendAsync<T>(HttpMethod.Patch, ObjectPath(T.Resource, name, subresource), PatchBody(type, patch), cancellationToken);

    /// <summary>Changes parts of an object of a resource known only at run time; hands back its metadata.</summary>
    public Task<PartialObjectMetadata> PatchMetadataAsync(
        ResourceType resource, NamespacedName name, PatchType type, ReadOnlyMemory<byte> patch, CancellationToken cancellationToken = default) =>
        SendAsync<PartialObjectMetadata>(HttpMethod.Patch, ObjectPath(resource, name), PatchBody(type, patch), cancellationToken);

    /// <summary>A token of a service account.</summary>
    public Task<TokenRequest> CreateTokenAsync(NamespacedName account, TokenRequest request, CancellationToken cancellationToken = default) =>
        SendAsync<TokenRequest>(HttpMethod.Post, ObjectPath(ServiceAccount.Resource, account, "token"), Body(request), cancellationToken);

    /// <summary>Who a token is.</summary>
    public Task<TokenReview> ReviewTokenAsync(TokenReview review, CancellationToken cancellationToken = default) =>
        SendAsync<TokenReview>(HttpMethod.Post, "/apis/authentication.k8s.io/v1/tokenreviews", Body(review), cancellationToken);

    /// <summary>Whether somebody may do something.</summary>
    public Task<SubjectAccessReview> ReviewAccessAsync(SubjectAccessReview review, CancellationToken cancellationToken = default) =>
        SendAsync<SubjectAccessReview>(HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews", Body(review), cancellationToken);

    /// <summary>How many replicas an object of a scalable resource asks for.</summary>
    public Task<Scale> GetScaleAsync(ResourceType resource, NamespacedName name, CancellationToken cancellationToken = default) =>
        SendAsync<Scale>(HttpMethod.Get, ObjectPath(resource, name, "scale"), null, cancellationToken);

    /// <summary>Deletes an object, or asks for its graceful end.</summary>
    public Task DeleteAsync<T>(NamespacedName name, DeleteOptions? options = null, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        DeleteAsync(T.Resource, name, options, cancellationToken);

    /// <inheritdoc cref="DeleteAsync{T}"/>
    public async Task DeleteAsync(
        ResourceType resource, NamespacedName name, DeleteOptions? options = null, CancellationToken cancellationToken = default)
    {
        var body = options is null ? null : Body(options);
        using var response = await RequestAsync(
            HttpMethod.Delete, ObjectPath(resource, name), body, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Posts to a subresource that answers with nothing worth reading: <c>pods/NAME/binding</c>.</summary>
    public async Task PostAsync<TBody>(
        ResourceType resource, NamespacedName name, string subresource, TBody body, CancellationToken cancellationToken = default)
    {
        using var response = await RequestAsync(
            HttpMethod.Post, ObjectPath(resource, name, subresource), Body(body), HttpCompletionOption.ResponseContentRead, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Changes as they happen, until the server or the caller ends it.</summary>
    /// <exception cref="ApiException">The watch was refused or ended with an ERROR event; <see cref="ApiException.IsExpired"/> asks for
    /// a new list.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(WatchOptions options, CancellationToken cancellationToken = default)
        where T : class, IResource<T> =>
        WatchPathAsync<T>(T.Resource.Path(options.Namespace) + ListQuery.Of(options), cancellationToken);

    /// <summary>Changes of the metadata of a resource known only at run time.</summary>
    /// <inheritdoc cref="WatchAsync{T}" path="/exception"/>
    public IAsyncEnumerable<WatchEvent<PartialObjectMetadata>> WatchMetadataAsync(
        ResourceType resource, WatchOptions options, CancellationToken cancellationToken = default) =>
        WatchPathAsync<PartialObjectMetadata>(resource.Path(options.Namespace) + ListQuery.Of(options), cancellationToken);

    /// <summary>A document that is no object: discovery.</summary>
    /// <param name="path">Below the server's root.</param>
    /// <param name="accept">The Accept header.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<JsonDocument> GetDocumentAsync(string path, string accept, CancellationToken cancellationToken = default)
    {
        using var response = await RequestAsync(
            HttpMethod.Get, path, null, HttpCompletionOption.ResponseContentRead, cancellationToken, accept).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        return await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async IAsyncEnumerable<WatchEvent<T>> WatchPathAsync<T>(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        using var response = await RequestAsync(HttpMethod.Get, path, null, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            .ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: WatchBuffer));
        await using var _ = stream.ConfigureAwait(false);
        while (true)
        {
            var read = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } newline)
            {
                var line = buffer.Slice(0, newline);
                buffer = buffer.Slice(buffer.GetPosition(1, newline));
                if (!line.IsEmpty)
                {
                    yield return WatchLineReader.Read<T>(line);
                }
            }

            if (read.IsCompleted)
            {
                // A server that ends a watch ends it after a whole line.
                if (!buffer.IsEmpty)
                {
                    throw new IOException("the watch ended in the middle of an event");
                }

                yield break;
            }

            pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static string ObjectPath(ResourceType resource, NamespacedName name, string? subresource = null)
    {
        var path = $"{resource.Path(name.Namespace)}/{Uri.EscapeDataString(name.Name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    private static ByteArrayContent Body<T>(T value) => new(ApiJson.Serialize(value)) { Headers = { ContentType = Json } };

    private static ReadOnlyMemoryContent PatchBody(PatchType type, ReadOnlyMemory<byte> patch) =>
        new(patch) { Headers = { ContentType = new MediaTypeHeaderValue(type.MediaType()) } };

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        using var response = await RequestAsync(
            method, path, body, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        return await ApiJson.DeserializeAsync<T>(stream, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Reads while it comes in. A chunk of a large list is tens of megabytes: kept whole first it would be there twice, and the buffers would stay
    /// in their pool after it.
    /// </summary>
    private async Task<T> ReadAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_http.Timeout);
        try
        {
            using var response = await RequestAsync(HttpMethod.Get, path, null, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            var stream = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            await using var _ = stream.ConfigureAwait(false);
            return await ApiJson.DeserializeAsync<T>(stream, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException expired) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"GET {new Uri(Server, path)}: no whole answer within {_http.Timeout.TotalSeconds} s", expired);
        }
        catch (IOException broken)
        {
            throw new HttpRequestException($"GET {new Uri(Server, path)}: {broken.Message}", broken);
        }
    }

    private async Task<HttpResponseMessage> RequestAsync(
        HttpMethod method, string path, HttpContent? body, HttpCompletionOption completion, CancellationToken cancellationToken, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body,
            Version = _http.DefaultRequestVersion,
            VersionPolicy = _http.DefaultVersionPolicy,
        };
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        var response = await ApiTransport.SendAsync(_http, request, completion, cancellationToken).ConfigureAwait(false);
        try
        {
            await ApiTransport.EnsureSuccessAsync(response, cancellationToken).ConfigureAwait(false);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
