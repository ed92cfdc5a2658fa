"""Training by the fused kernel is training by Keras' own batch normalisation, only faster."""

import keras
import numpy as np
import tensorflow as tf

from trainer import model as networks
from trainer.normalize import fuse


def pair():
    """A model as Keras trains it, and the same with the fused kernel."""
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        models.append(networks.build("quick", 32, 5, 0.0))
    fuse(models[1])
    return models


def gradients(model):
    # Few pictures: among the activations of many, rounding sends some to the other side of a ReLU.
    rng = np.random.default_rng(1)
    images = tf.constant(rng.integers(0, 256, (16, 32, 32, 1)), tf.float32)
    targets = tf.one_hot(rng.integers(0, 5, 16), 5)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            said = model(images, training=True)
            loss = tf.reduce_mean(keras.losses.categorical_crossentropy(targets, said))
        return said, tape.gradient(loss, [v.value for v in model.trainable_variables])

    said, found = step()
    return said.numpy(), [gradient.numpy() for gradient in found]


def test_answers_and_gradients_are_those_of_keras():
    plain, fused = pair()
    (said, slopes), (fused_said, fused_slopes) = gradients(plain), gradients(fused)
    np.testing.assert_allclose(fused_said, said, rtol=1e-4, atol=1e-6)
    for name, slope, other in zip(plain.trainable_variables, slopes, fused_slopes, strict=True):
        largest = np.abs(slope).max()
        np.testing.assert_allclose(other, slope, atol=1e-4 * largest, err_msg=name.path)


def test_what_is_remembered_differs_by_the_divisor_of_the_variance_alone():
    plain, fused = pair()
    gradients(plain), gradients(fused)
    for layer, other in zip(plain.layers, fused.layers, strict=True):
        if not isinstance(layer, keras.layers.BatchNormalization):
            continue
        pixels = 16 * layer.output.shape[1] * layer.output.shape[2]
        np.testing.assert_allclose(other.moving_mean, layer.moving_mean, atol=1e-5)
        seen = (np.array(layer.moving_variance) - 0.9) * pixels / (pixels - 1)
        np.testing.assert_allclose(np.array(other.moving_variance) - 0.9, seen, rtol=1e-3)


def test_a_model_is_saved_as_if_nothing_had_been_done():
    plain, fused = pair()
    assert fused.get_config() == plain.get_config()
    fused.set_weights(plain.get_weights())
    pictures = np.random.default_rng(2).integers(0, 256, (9, 32, 32, 1))
    assert np.array_equal(fused(pictures, training=False), plain(pictures, training=False))


def normalizers(model):
    return [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]


def test_layers_that_are_frozen_remember_nothing():
    _, fused = pair()
    for layer in normalizers(fused):
        layer.trainable = False
    before = [np.array(layer.moving_mean) for layer in normalizers(fused)]
    gradients(fused)
    for kept, layer in zip(before, normalizers(fused), strict=True):
        assert np.array_equal(kept, layer.moving_mean)


def test_layers_that_look_at_several_devices_are_left_alone():
    model, _ = pair()
    for layer in normalizers(model):
        layer.synchronized = True
    fuse(model)
    assert not any("call" in vars(layer) for layer in normalizers(model))
