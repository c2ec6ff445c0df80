package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.uber.org/fx"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const scope = "leadflow"

// newSDKMetrics shows what Temporal's client and worker measure, and what runs measure, beside our own metrics.
func newSDKMetrics(r *prometheus.Registry, logger *slog.Logger) (client.MetricsHandler, error) {
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(r), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("the metrics of Temporal's SDK: %w", err)
	}
	seconds := metric.AggregationExplicitBucketHistogram{Boundaries: []float64{.005, .025, .1, .5, 1, 5, 30, 120, 600, 3600}}
	provider := metric.NewMeterProvider(metric.WithReader(exporter),
		metric.WithView(metric.NewView(metric.Instrument{Kind: metric.InstrumentKindHistogram}, metric.Stream{Aggregation: seconds})))
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter: provider.Meter(scope), UseMonotonicCounters: true,
		OnError: func(err error) { logger.Warn("a metric of Temporal's SDK is not kept", "error", err) },
	}), nil
}

// traced says whether anybody wants traces.
func traced() bool {
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// newTracer sends spans by OTLP where the OTEL_ variables say so, and nowhere else. They name routes, runs and
// activities by their ids; nothing that people wrote is in them.
func newTracer(lc fx.Lifecycle, cfg Config) (trace.Tracer, error) {
	if !traced() {
		return noop.NewTracerProvider().Tracer(scope), nil
	}
	ctx := context.Background()
	var kind otlptrace.Client
	switch cfg.TracesProtocol {
	case "", "grpc":
		kind = otlptracegrpc.NewClient()
	case "http/protobuf":
		kind = otlptracehttp.NewClient()
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: take grpc or http/protobuf", cfg.TracesProtocol)
	}
	exporter, err := otlptrace.New(ctx, kind) // connects later: a collector that is away stops nobody
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", scope), attribute.String("service.version", record.Version)),
		resource.WithFromEnv()) // OTEL_SERVICE_NAME wins
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	lc.Append(fx.StopHook(provider.Shutdown))
	return provider.Tracer(scope), nil
}

// interceptors carry traces from requests over updates and runs to activities.
func interceptors(tracer trace.Tracer) ([]interceptor.ClientInterceptor, error) {
	if !traced() {
		return nil, nil // no header in any history
	}
	i, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{Tracer: tracer, DisableBaggage: true, AllowInvalidParentSpans: true})
	return []interceptor.ClientInterceptor{i}, err
}

// traceRequests begins a span at each request, where anybody wants traces; a caller's traceparent is followed.
func traceRequests(tracer trace.Tracer) func(*http.Request, string, string) (context.Context, func(int)) {
	if !traced() {
		return nil
	}
	return func(r *http.Request, route, id string) (context.Context, func(int)) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := tracer.Start(ctx, route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", r.Method), attribute.String("http.route", route), attribute.String("leadflow.request_id", id)))
		return ctx, func(status int) {
			span.SetAttributes(attribute.Int("http.response.status_code", status))
			if status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, http.StatusText(status))
			}
			span.End()
		}
	}
}
