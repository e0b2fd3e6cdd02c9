"""Trains a dedicated nnU-Net v2 for a given time, then predicts the test images.

usage: nnunet.py settings.json
Settings: raw, preprocessed, results (nnU-Net's folders; raw holds one data set, of training cases alone), dataset
("Dataset001_NAME"), minutes, threads, workers (processes that augment), images ({case: file}), predictions (folder), log,
outcome (a JSON file: plan, iterations, seconds, memory).

All is nnU-Net's own (plan, augmentation, loss, optimiser, sliding window, mirroring at prediction) but for its clock: the
polynomial decay of the learning rate follows the share of the time that is gone, so that it reaches zero as the time ends,
whatever the speed. Its pseudo validation is left out: it would cost time, and only chooses a checkpoint that is not used.
Killed and started again, training goes on from its checkpoint.
"""
import json
import os
import resource
import sys
import time

CONFIGURATION = '3d_fullres'
FOLD = 'all'
EXPONENT = 0.9
CHECKPOINT_SECONDS = 60


def configure(settings):
    """nnU-Net reads its environment as it is imported, also in the processes that it spawns."""
    os.environ.update({
        'nnUNet_raw': settings['raw'],
        'nnUNet_preprocessed': settings['preprocessed'],
        'nnUNet_results': settings['results'],
        'nnUNet_compile': 'f',
        'nnUNet_n_proc_DA': str(settings['workers']),
        'nnUNet_def_n_proc': str(settings['threads']),
    })


def prepare(settings):
    """Fingerprint, plan and preprocessed cases, made once; the seconds that they took."""
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (extract_fingerprints, plan_experiments,
                                                                      preprocess)
    done = os.path.join(settings['preprocessed'], 'done.json')
    if os.path.exists(done):
        return read_json(done)['seconds']
    start = time.monotonic()
    number, threads = int(settings['dataset'][7:10]), settings['threads']
    extract_fingerprints([number], num_processes=threads, check_dataset_integrity=True)
    plan_experiments([number])
    preprocess([number], configurations=(CONFIGURATION,), num_processes=(threads,))
    seconds = time.monotonic() - start
    write_json(done, {'seconds': seconds})
    return seconds


def make_trainer(settings):
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    class TimedTrainer(nnUNetTrainer):
        """Stops by the clock; its checkpoint says how much of the time is gone."""

        budget = 60 * settings['minutes']
        checkpoint = property(lambda self: os.path.join(self.output_folder, 'checkpoint_timed.pth'))
        elapsed = 0.0
        iterations = 0

        def resume(self):
            self.initialize()
            if os.path.exists(self.checkpoint):
                state = torch.load(self.checkpoint, weights_only=True)
                self.network.load_state_dict(state['network'])
                self.optimizer.load_state_dict(state['optimizer'])
                self.elapsed, self.iterations = state['elapsed'], state['iterations']

        def save(self):
            part = self.checkpoint + '.part'
            torch.save({'network': self.network.state_dict(), 'optimizer': self.optimizer.state_dict(),
                        'elapsed': self.elapsed, 'iterations': self.iterations}, part)
            os.replace(part, self.checkpoint)

        def run_training(self):
            if self.elapsed >= self.budget:
                return
            self.on_train_start()
            self.network.train()
            losses, saved = [], self.elapsed
            start = time.monotonic() - self.elapsed
            while self.elapsed < self.budget:
                rate = self.initial_lr * (1 - self.elapsed / self.budget) ** EXPONENT
                for group in self.optimizer.param_groups:
                    group['lr'] = rate
                losses.append(float(self.train_step(next(self.dataloader_train))['loss']))
                self.iterations += 1
                self.elapsed = time.monotonic() - start
                if self.elapsed - saved >= CHECKPOINT_SECONDS or self.elapsed >= self.budget:
                    self.save()
                    report(settings['log'], self, rate, losses)
                    losses, saved = [], self.elapsed
            self.on_train_end()

    folder = os.path.join(settings['preprocessed'], settings['dataset'])
    plans = {**read_json(os.path.join(folder, 'nnUNetPlans.json')), 'continue_training': False}
    return TimedTrainer(plans, CONFIGURATION, FOLD, read_json(os.path.join(folder, 'dataset.json')),
                        torch.device('cpu'))


def report(log, trainer, rate, losses):
    record = {'seconds': trainer.elapsed, 'iterations': trainer.iterations, 'learningRate': rate,
              'loss': sum(losses) / len(losses)}
    with open(log, 'a') as file:
        file.write(json.dumps(record) + '\n')


def predict(settings, trainer):
    """With nnU-Net's defaults: half-overlapping Gaussian windows, mirrored along all axes."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    trainer.set_deep_supervision_enabled(False)
    mirrored = trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()[-1]
    predictor = nnUNetPredictor(device=trainer.device, allow_tqdm=False)
    predictor.manual_initialization(trainer.network, trainer.plans_manager, trainer.configuration_manager,
                                    [trainer.network.state_dict()], trainer.dataset_json,
                                    type(trainer).__name__, mirrored)
    cases = settings['images']
    predictor.predict_from_files([[image] for image in cases.values()],
                                 [os.path.join(settings['predictions'], case) for case in cases],
                                 num_processes_preprocessing=1, num_processes_segmentation_export=1)


def describe(trainer):
    plan, network = trainer.configuration_manager, trainer.configuration_manager.network_arch_init_kwargs
    return {
        'patch': [int(n) for n in plan.patch_size],
        'batch': plan.batch_size,
        'spacing': [float(n) for n in plan.spacing],
        'network': plan.network_arch_class_name.rsplit('.', 1)[-1],
        'features': network['features_per_stage'],
        'convolutions': network['n_conv_per_stage'],
        'parameters': sum(p.numel() for p in trainer.network.parameters()),
    }


def peak_bytes():
    """Of this process and of the largest of those it started."""
    scale = 1 if sys.platform == 'darwin' else 1024
    return [scale * resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def read_json(file):
    with open(file) as stream:
        return json.load(stream)


def write_json(file, value):
    """Whole or not at all."""
    with open(file + '.part', 'w') as stream:
        json.dump(value, stream)
    os.replace(file + '.part', file)


def main():
    settings = read_json(sys.argv[1])
    configure(settings)
    import torch
    torch.set_num_threads(settings['threads'])
    preparation = prepare(settings)
    trainer = make_trainer(settings)
    trainer.resume()
    trainer.run_training()
    start = time.monotonic()
    predict(settings, trainer)
    seconds = {'preparation': preparation, 'training': trainer.elapsed, 'prediction': time.monotonic() - start}
    write_json(settings['outcome'], {'plan': describe(trainer), 'iterations': trainer.iterations, 'seconds': seconds,
                                     'peakBytes': peak_bytes()})


if __name__ == '__main__':
    main()
